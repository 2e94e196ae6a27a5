//! TLS as a client: the certificates that are trusted.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::data::reason;

/// Makes the configuration of connections whose peers have a certificate of one of these authorities: those of a PEM file,
/// or those that the system trusts. An error is a sentence that names the file.
pub fn client_config(authorities: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS: {error}"))?;
    Ok(Arc::new(config.with_root_certificates(trusted(authorities)?).with_no_client_auth()))
}

/// The certificates of a PEM file, or of the system.
pub fn certificates(authorities: Option<&Path>) -> Result<Vec<CertificateDer<'static>>, String> {
    let Some(path) = authorities else {
        let found = rustls_native_certs::load_native_certs();
        return match (found.certs, found.errors.first()) {
            (certificates, Some(error)) if certificates.is_empty() => {
                Err(format!("the system's certificates: {error}"))
            }
            (certificates, _) => Ok(certificates),
        };
    };
    let named = |reason: String| format!("{}: {reason}", path.display());
    let bytes = std::fs::read(path).map_err(|error| named(reason(&error)))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err(named("has no certificates in PEM form".to_owned())),
        Err(error) => Err(named(format!("is no PEM file: {error}"))),
    }
}

fn trusted(authorities: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let certificates = certificates(authorities)?;
    let count = certificates.len();
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 && count > 0 {
        return Err("none of the certificates of authorities can be used".to_owned());
    }
    Ok(roots)
}
