//! Commands that are typed on several lines.

/// Whether a command ends where this text does, or goes on in the next line.
pub fn is_complete(command: &str) -> bool {
    shlex::split(command).is_some() && !command.ends_with(['|', '\\'])
}
