//! `ip_in(x, net…)`: true if an address belongs to a network.

use std::sync::Arc;

use super::subnet::{IpAddress, NO_ADDRESS, Network};

use super::{ArgumentError, Caller, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, ValueRef};

pub(super) const IP_IN: FunctionDef = FunctionDef {
    entry: Entry {
        name: "ip_in",
        usage: "ip_in(x, net…)",
        summary: "True if an IP address is in a network such as `10.0.0.0/8`.",
        details: "IPv4 and IPv6. With several networks, true if it is in any of them. A network without `/` is that one address. An IPv4 address written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4. Text that is not an address gives null and counts as a failed conversion.",
        examples: &[Example {
            expr: "where ip_in(line, '10.0.0.0/8', 'fe80::/10')",
            input: "10.1.2.3\n11.1.2.3\nfe80::1\n",
            output: "10.1.2.3\nfe80::1\n",
        }],
    },
    parameters: &[Parameter::new("address", ParameterKind::Text), Parameter::new("network", ParameterKind::Text)],
    required: 2,
    variadic: true,
    kernel: Kernel::Prepared(prepare),
};

/// The constant networks; others are parsed for each row.
#[derive(Debug)]
struct Networks(Vec<Option<Network>>);

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    let mut networks = Vec::new();
    for (argument, const_args) in const_args.iter().enumerate().skip(1) {
        networks.push(match const_args {
            ConstArg::Constant(ValueRef::Text(text)) => Some(Network::read(text).ok_or_else(|| ArgumentError {
                argument,
                message: format!(
                    "expected a network such as \"10.0.0.0/8\", found `{}`",
                    String::from_utf8_lossy(text)
                ),
            })?),
            _ => None,
        });
    }
    Ok(Arc::new(Networks(networks)))
}

impl Prepared for Networks {
    fn begin(&self) -> Caller<'_> {
        Box::new(|arguments, _| {
            let [ValueRef::Text(address), written @ ..] = arguments else {
                return Err(NO_ADDRESS);
            };
            if address.is_empty() {
                return Ok(ValueRef::Null);
            }
            let address = IpAddress::read(address).ok_or(NO_ADDRESS)?;
            for (constant, written) in self.0.iter().zip(written) {
                let network = match (constant, written) {
                    (Some(network), _) => *network,
                    (None, ValueRef::Text(text)) => {
                        Network::read(text).ok_or(TypeMismatch { expected: "a network" })?
                    }
                    (None, _) => continue,
                };
                if network.contains(address) {
                    return Ok(ValueRef::Bool(true));
                }
            }
            Ok(ValueRef::Bool(false))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call, call_varying, refused};
    use super::*;
    use crate::data::Value;

    fn arguments<'v>(address: &'v str, network: &'v str) -> [ValueRef<'v>; 2] {
        [ValueRef::Text(address.as_bytes()), ValueRef::Text(network.as_bytes())]
    }

    #[test]
    fn both_families() {
        for (address, network, is_in) in [
            ("10.255.0.1", "10.0.0.0/8", true),
            ("11.0.0.1", "10.0.0.0/8", false),
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.2", "10.0.0.1", false),
            ("10.9.9.9", "10.1.2.3/8", true),
            ("1.2.3.4", "0.0.0.0/0", true),
            ("::1", "0.0.0.0/0", false),
            ("1.2.3.4", "::/0", false),
            ("2001:db8::5", "2001:db8::/32", true),
            ("2001:db9::5", "2001:db8::/32", false),
            ("::ffff:10.0.0.1", "10.0.0.0/8", true),
        ] {
            let arguments = arguments(address, network);
            assert_eq!(call(&IP_IN, &arguments), Ok(Value::Bool(is_in)), "{address} {network}");
            assert_eq!(call_varying(&IP_IN, &arguments), Ok(Value::Bool(is_in)));
        }
    }

    #[test]
    fn what_is_none() {
        for network in ["10.0.0.0/33", "10.0.0/8", "::/129", "10.0.0.0/-1", "10.0.0.0/+8", "", "x"] {
            assert_eq!(refused(&IP_IN, &arguments("10.0.0.1", network)).argument, 1, "{network}");
            assert!(call_varying(&IP_IN, &arguments("10.0.0.1", network)).is_err());
        }
        assert!(call(&IP_IN, &arguments("10.0.0.256", "10.0.0.0/8")).is_err());
        assert_eq!(call(&IP_IN, &arguments("", "10.0.0.0/8")), Ok(Value::Null));
    }
}
