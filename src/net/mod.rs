//! NET: what sources and sinks on the network share.

#[cfg(feature = "tls")]
pub mod tls;
