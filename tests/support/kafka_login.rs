//! What the small broker needs for passwords, certificates and codecs.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

/// Compresses the records of a batch.
pub fn compressed(codec: i8, plain: &[u8]) -> Vec<u8> {
    match codec {
        1 => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        2 => snap::raw::Encoder::new().compress_vec(plain).expect("memory"),
        3 => {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        4 => zstd::encode_all(plain, 1).expect("memory"),
        12 => {
            let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
            for block in plain.chunks(100) {
                let block = compressed(2, block);
                out.extend_from_slice(&(block.len() as u32).to_be_bytes());
                out.extend_from_slice(&block);
            }
            out
        }
        _ => plain.to_vec(),
    }
}

/// Answers a message of PLAIN, or of SCRAM-SHA-256, whose first message is in `scram`; `None` if the password is wrong.
pub fn authenticate(message: &[u8], user: &str, password: &str, scram: &mut Option<String>) -> Option<Bytes> {
    let text = std::str::from_utf8(message).ok()?;
    if text.starts_with('\0') {
        return (text == format!("\0{user}\0{password}")).then(Bytes::new);
    }
    let salt = b"salt";
    if let Some(bare) = text.strip_prefix("n,,") {
        let nonce = bare.strip_prefix(&format!("n={user},r="))?;
        let challenge = format!("r={nonce}more,s=c2FsdA==,i=4096");
        *scram = Some(format!("{bare},{challenge}"));
        return Some(Bytes::from(challenge));
    }
    let (last, proof) = text.split_once(",p=")?;
    let signed = format!("{},{last}", scram.take()?);
    let mac = |key: &[u8], text: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key");
        mac.update(text);
        mac.finalize().into_bytes().to_vec()
    };
    let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), salt, 4096);
    let key = mac(&salted, b"Client Key");
    let signature = mac(&Sha256::digest(&key), signed.as_bytes());
    let expected: Vec<u8> = key.iter().zip(&signature).map(|(key, signature)| key ^ signature).collect();
    if proof != base64(&expected) {
        return None;
    }
    let own = mac(&mac(&salted, b"Server Key"), signed.as_bytes());
    Some(Bytes::from(format!("v={}", base64(&own))))
}

fn base64(bytes: &[u8]) -> String {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let digit = |start: usize| {
        let group = format!("{:0<6}", &bits[start..(start + 6).min(bits.len())]);
        char::from(digits[usize::from_str_radix(&group, 2).expect("bits")])
    };
    let text: String = (0..bits.len()).step_by(6).map(digit).collect();
    format!("{text}{}", &"=="[..(3 - bytes.len() % 3) % 3])
}

/// The configuration of a broker with the certificate of the tests.
pub fn server_config() -> Arc<ServerConfig> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/certificates");
    let certificate = CertificateDer::from_pem_file(format!("{data}/broker.pem")).expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(format!("{data}/broker.key")).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    Arc::new(config)
}
