//! Proves the user's password to a broker.

use bytes::Bytes;
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;

use super::connection::Connection;
use super::error::KafkaError;
use super::scram::{ScramClient, ScramHash};
use super::security::{Mechanism, Sasl};

/// The broker does not offer the mechanism.
const UNSUPPORTED_MECHANISM: i16 = 33;

/// Authenticates a new connection.
pub(super) fn authenticate(connection: &mut Connection, sasl: &Sasl) -> Result<(), KafkaError> {
    let name = sasl.mechanism.name();
    let handshake = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str(name));
    let offered = connection.request(&handshake)?;
    if offered.error_code == UNSUPPORTED_MECHANISM {
        let offered: Vec<String> = offered.mechanisms.iter().map(|name| name.to_lowercase()).collect();
        return Err(KafkaError::Refused(format!(
            "the broker does not offer sasl={}; it offers {}",
            name.to_lowercase(),
            offered.join(", ")
        )));
    }
    KafkaError::of_code(offered.error_code)?;
    let hash = match sasl.mechanism {
        Mechanism::Plain => {
            let proof = format!("\0{}\0{}", sasl.user, sasl.password.0);
            return exchange(connection, sasl, proof.into_bytes()).map(drop);
        }
        Mechanism::ScramSha256 => ScramHash::Sha256,
        Mechanism::ScramSha512 => ScramHash::Sha512,
    };
    let client = ScramClient::new(hash, &sasl.user, &nonce()?);
    let challenge = exchange(connection, sasl, client.first().into_bytes())?;
    let (answer, expected) = client.answer(&sasl.password, &challenge).map_err(KafkaError::Refused)?;
    let verdict = exchange(connection, sasl, answer.into_bytes())?;
    match expected.is_proved_by(&verdict) {
        true => Ok(()),
        false => Err(KafkaError::Refused("the broker does not prove that it knows the password".to_owned())),
    }
}

/// Sends a message of the mechanism and returns the broker's.
fn exchange(connection: &mut Connection, sasl: &Sasl, message: Vec<u8>) -> Result<Bytes, KafkaError> {
    let request = SaslAuthenticateRequest::default().with_auth_bytes(Bytes::from(message));
    let refused = |why: &str| {
        let user = &sasl.user;
        KafkaError::Refused(format!("the broker does not accept the password of user `{user}`{why}"))
    };
    match connection.request(&request) {
        Ok(answer) if answer.error_code == 0 => Ok(answer.auth_bytes),
        Ok(_) => Err(refused("")),
        // Some brokers close the connection instead.
        Err(KafkaError::Connection(text)) if text.contains("closed") => Err(refused(": it closed the connection")),
        Err(error) => Err(error),
    }
}

/// A text that no one can guess.
fn nonce() -> Result<String, KafkaError> {
    let mut random = [0; 18];
    let provider = rustls::crypto::ring::default_provider();
    let filled = provider.secure_random.fill(&mut random);
    filled.map_err(|_| KafkaError::Refused("the system has no random numbers".to_owned()))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}
