//! What several tests share.

pub mod generate;
pub mod reference;
pub mod run;
