//! SCRAM (RFC 5802) as a client, without channel binding.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};

use super::security::Secret;

/// The hash function of a mechanism.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScramHash {
    Sha256,
    Sha512,
}

/// A client before the broker's challenge.
pub(super) struct ScramClient {
    hash: ScramHash,
    nonce: String,
    /// The first message without its header.
    bare: String,
}

/// The proof that only a broker which knows the password can send.
pub(super) struct BrokerProof(Vec<u8>);

/// Fewer iterations than the RFC asks for are refused: a false broker could ask for a hash that is easy to reverse.
const LEAST_ITERATIONS: u32 = 4096;

/// More iterations would keep the client busy for minutes.
const MOST_ITERATIONS: u32 = 10_000_000;

impl ScramHash {
    fn hmac(self, key: &[u8], text: &[u8]) -> Vec<u8> {
        match self {
            ScramHash::Sha256 => mac::<Hmac<Sha256>>(key, text),
            ScramHash::Sha512 => mac::<Hmac<Sha512>>(key, text),
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            ScramHash::Sha256 => Sha256::digest(bytes).to_vec(),
            ScramHash::Sha512 => Sha512::digest(bytes).to_vec(),
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            ScramHash::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec(),
            ScramHash::Sha512 => pbkdf2::pbkdf2_hmac_array::<Sha512, 64>(password, salt, iterations).to_vec(),
        }
    }
}

fn mac<M: Mac + KeyInit>(key: &[u8], text: &[u8]) -> Vec<u8> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("a key of any length is taken");
    mac.update(text);
    mac.finalize().into_bytes().to_vec()
}

impl ScramClient {
    /// Begins with a text that was never used before.
    pub(super) fn new(hash: ScramHash, user: &str, nonce: &str) -> ScramClient {
        let user = user.replace('=', "=3D").replace(',', "=2C");
        ScramClient { hash, nonce: nonce.to_owned(), bare: format!("n={user},r={nonce}") }
    }

    /// The first message.
    pub(super) fn first(&self) -> String {
        format!("n,,{}", self.bare)
    }

    /// Answers the broker's challenge; also returns the proof that it must send then.
    pub(super) fn answer(&self, password: &Secret, challenge: &[u8]) -> Result<(String, BrokerProof), String> {
        let wrong = || "the broker's challenge (SCRAM) cannot be read".to_owned();
        let challenge = std::str::from_utf8(challenge).map_err(|_| wrong())?;
        let part = |name: &str| challenge.split(',').find_map(|part| part.strip_prefix(name));
        let (nonce, salt) = (part("r=").ok_or_else(wrong)?, part("s=").ok_or_else(wrong)?);
        let salt = decode_base64(salt).ok_or_else(wrong)?;
        let iterations: u32 = part("i=").and_then(|iterations| iterations.parse().ok()).ok_or_else(wrong)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(wrong());
        }
        if !(LEAST_ITERATIONS..=MOST_ITERATIONS).contains(&iterations) {
            return Err(format!("the broker asks for {iterations} iterations (SCRAM), expected at least 4096"));
        }
        let salted = self.hash.salted(password.0.as_bytes(), &salt, iterations);
        let client_key = self.hash.hmac(&salted, b"Client Key");
        let stored_key = self.hash.digest(&client_key);
        let last = format!("c=biws,r={nonce}"); // `biws` is the header `n,,`
        let signed = format!("{},{challenge},{last}", self.bare);
        let signature = self.hash.hmac(&stored_key, signed.as_bytes());
        let proof: Vec<u8> = client_key.iter().zip(&signature).map(|(key, signature)| key ^ signature).collect();
        let server_key = self.hash.hmac(&salted, b"Server Key");
        let expected = self.hash.hmac(&server_key, signed.as_bytes());
        Ok((format!("{last},p={}", encode_base64(&proof)), BrokerProof(expected)))
    }
}

impl BrokerProof {
    /// True if the broker's last message has this proof.
    pub(super) fn is_proved_by(&self, last: &[u8]) -> bool {
        let text = std::str::from_utf8(last).unwrap_or_default();
        let found = text.split(',').find_map(|part| part.strip_prefix("v=")).and_then(decode_base64);
        found.is_some_and(|found| found == self.0)
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn encode_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for digit in 0..4 {
            let value = bits >> (18 - 6 * digit) & 63;
            text.push(if digit <= group.len() { char::from(BASE64[value as usize]) } else { '=' });
        }
    }
    text
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').as_bytes();
    let mut bytes = Vec::new();
    for group in digits.chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            bits = bits << 6 | u32::try_from(BASE64.iter().position(|known| known == digit)?).ok()?;
        }
        let count = match group.len() {
            4 => 3,
            3 => 2,
            2 => 1,
            _ => return None,
        };
        let bits = bits << (6 * (4 - group.len()));
        bytes.extend_from_slice(&bits.to_be_bytes()[1..=count]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exchange_is_that_of_rfc_7677() {
        let client = ScramClient::new(ScramHash::Sha256, "user", "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(client.first(), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let (answer, proof) = client.answer(&Secret("pencil".to_owned()), challenge.as_bytes()).expect("a challenge");
        assert_eq!(
            answer,
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
        );
        assert!(proof.is_proved_by(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!proof.is_proved_by(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="));
        assert!(!proof.is_proved_by(b"e=other-error"));
    }

    #[test]
    fn a_false_challenge_is_refused() {
        let client = ScramClient::new(ScramHash::Sha512, "a=b,c", "abc");
        assert_eq!(client.first(), "n,,n=a=3Db=2Cc,r=abc");
        let answer = |challenge: &str| client.answer(&Secret("x".to_owned()), challenge.as_bytes()).is_ok();
        assert!(answer("r=abcd,s=QUJD,i=4096"));
        for wrong in
            ["r=abc,s=QUJD,i=4096", "r=xabc,s=QUJD,i=4096", "r=abcd,s=QUJD,i=1", "r=abcd,s=?,i=4096", "e=x", ""]
        {
            assert!(!answer(wrong), "{wrong}");
        }
    }

    #[test]
    fn base64_is_that_of_rfc_4648() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(encode_base64(bytes.as_bytes()), text);
            assert_eq!(decode_base64(text).expect("base64"), bytes.as_bytes());
        }
    }
}
