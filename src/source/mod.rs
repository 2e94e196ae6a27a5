//! Where bytes come from.

pub mod compression;
