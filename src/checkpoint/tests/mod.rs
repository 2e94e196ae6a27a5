//! Crashes, damage, threads, real directories and messages.

mod crashes;
