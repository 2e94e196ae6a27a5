//! NET: what sources and sinks on the network share.

#[cfg(feature = "kafka")]
pub mod kafka;
#[cfg(feature = "tls")]
pub mod tls;
