//! `subnet(x, n)`: the network that an address belongs to.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use super::{ArgumentError, Checked, ConstArg, FunctionDef, Kernel, Parameter, ParameterKind, Prepared, TypeMismatch};
use crate::data::{Entry, Example, ValueRef, write_text};

pub(super) const SUBNET: FunctionDef = FunctionDef {
    entry: Entry {
        name: "subnet",
        usage: "subnet(x, n)",
        summary: "The network of `n` bits that an IP address is in: `10.1.2.0/24`.",
        details: "`n` is at most 32 for IPv4, 128 for IPv6. Text that is not an address gives null and counts as a failed conversion.",
        examples: &[Example {
            expr: "select subnet(line, 24) as net",
            input: "10.1.2.3\n2001:db8:7::1\n",
            output: "10.1.2.0/24\n2001:d00::/24\n",
        }],
    },
    parameters: &[Parameter::new("address", ParameterKind::Text), Parameter::new("bits", ParameterKind::Int)],
    required: 2,
    variadic: false,
    kernel: Kernel::Prepared(prepare),
};

/// The error for other text.
pub(super) const NO_ADDRESS: TypeMismatch = TypeMismatch { expected: "an IP address" };

/// An address as a number of 32 or 128 bits, most significant bit first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct IpAddress {
    bits: u128,
    length: u32,
}

/// All addresses with a common prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Network {
    first: IpAddress,
    prefix: u32,
}

impl IpAddress {
    /// Parses an address; IPv4 mapped to IPv6 is IPv4.
    pub(super) fn read(text: &[u8]) -> Option<IpAddress> {
        let address: IpAddr = str::from_utf8(text).ok()?.parse().ok()?;
        Some(match address.to_canonical() {
            IpAddr::V4(address) => IpAddress { bits: u128::from(address.to_bits()), length: 32 },
            IpAddr::V6(address) => IpAddress { bits: address.to_bits(), length: 128 },
        })
    }
}

impl Network {
    /// Returns the network of an address with this prefix length.
    fn of(address: IpAddress, prefix: u32) -> Option<Network> {
        let rest = address.length.checked_sub(prefix)?;
        let bits = match rest {
            128 => 0,
            _ => address.bits >> rest << rest,
        };
        Some(Network { first: IpAddress { bits, ..address }, prefix })
    }

    /// Parses a network.
    pub(super) fn read(text: &[u8]) -> Option<Network> {
        match memchr::memchr(b'/', text) {
            None => {
                let address = IpAddress::read(text)?;
                Network::of(address, address.length)
            }
            Some(slash) => {
                let digits = &text[slash + 1..];
                let is_plain = digits.iter().all(u8::is_ascii_digit);
                let prefix = str::from_utf8(digits).ok()?.parse().ok()?;
                Network::of(IpAddress::read(&text[..slash])?, prefix).filter(|_| is_plain)
            }
        }
    }

    /// True if an address belongs to it.
    pub(super) fn contains(self, address: IpAddress) -> bool {
        address.length == self.first.length && Network::of(address, self.prefix) == Some(self)
    }
}

fn prepare(const_args: &[ConstArg<'_>]) -> Result<Arc<dyn Prepared>, ArgumentError> {
    match const_args.get(1) {
        Some(ConstArg::Constant(ValueRef::Int(..0 | 129..))) => Err(ArgumentError {
            argument: 1,
            message: "expected 0 to 32 bits of an IPv4 address, 0 to 128 of an IPv6 one".to_owned(),
        }),
        _ => Ok(Arc::new(Checked(subnet))),
    }
}

fn subnet<'a>(arguments: &[ValueRef<'a>], scratch: &'a mut Vec<u8>) -> Result<ValueRef<'a>, TypeMismatch> {
    let [ValueRef::Text(address), ValueRef::Int(prefix)] = arguments else {
        return Err(NO_ADDRESS);
    };
    if address.is_empty() {
        return Ok(ValueRef::Null);
    }
    let address = IpAddress::read(address).ok_or(NO_ADDRESS)?;
    let network = u32::try_from(*prefix)
        .ok()
        .and_then(|prefix| Network::of(address, prefix))
        .ok_or(TypeMismatch { expected: "at most 32 bits of an IPv4 address, 128 of an IPv6 one" })?;
    let written = match (network.first.length, network.first.bits) {
        (32, bits) => write!(scratch, "{}", Ipv4Addr::from_bits(bits as u32)),
        (_, bits) => write!(scratch, "{}", Ipv6Addr::from_bits(bits)),
    };
    debug_assert!(written.is_ok(), "writing to a Vec cannot fail");
    scratch.push(b'/');
    write_text(ValueRef::Int(*prefix), scratch);
    Ok(ValueRef::Text(scratch))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{call_varying, refused};
    use super::*;
    use crate::data::Value;

    #[test]
    fn the_first_bits() {
        let subnet =
            |address: &str, bits| call_varying(&SUBNET, &[ValueRef::Text(address.as_bytes()), ValueRef::Int(bits)]);
        for (address, bits, expected) in [
            ("10.1.2.3", 24, "10.1.2.0/24"),
            ("10.1.2.3", 32, "10.1.2.3/32"),
            ("10.1.2.3", 0, "0.0.0.0/0"),
            ("255.255.255.255", 1, "128.0.0.0/1"),
            ("2001:db8:1:2:3::4", 64, "2001:db8:1:2::/64"),
            ("2001:db8::1", 0, "::/0"),
            ("2001:db8::1", 128, "2001:db8::1/128"),
            ("::ffff:10.1.2.3", 8, "10.0.0.0/8"),
        ] {
            assert_eq!(subnet(address, bits), Ok(Value::Text(expected.as_bytes().to_vec())));
        }
        assert_eq!(subnet("", 8), Ok(Value::Null));
        for (address, bits) in [("10.1.2.3", 33), ("::1", 129), ("::1", -1), ("host", 8), ("1.2.3", 8)] {
            assert!(subnet(address, bits).is_err(), "{address} {bits}");
        }
        for bits in [-1, 129] {
            let arguments = [ValueRef::Text(b"::1"), ValueRef::Int(bits)];
            assert_eq!(refused(&SUBNET, &arguments).argument, 1);
        }
    }
}
