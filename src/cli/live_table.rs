//! Decides whether and where a table is redrawn in place.

use std::fs::File;
use std::io::IsTerminal;
use std::time::Duration;

use crate::encode::{self, Look};
use crate::engine::{Encoding, LiveTableOptions};
use crate::plan::Plan;
use crate::sink::Display;
use crate::source::Facts;

use super::arguments::{Request, When};
use super::report::eprint;

/// The input of the decision, besides the request.
pub(super) struct Setting<'s> {
    pub(super) plan: &'s Plan,
    pub(super) sources: &'s [Facts],
    /// The encoding of final rows.
    pub(super) encoding: Encoding,
    pub(super) look: Look,
    /// True if they are printed on a terminal.
    pub(super) terminal: bool,
    /// The minimal interval of redrawing.
    pub(super) every: Duration,
}

/// The table that is redrawn until the result is final: on the terminal of standard output if the input is live,
/// elsewhere only with `--live`.
pub(super) fn table(request: &Request, setting: &Setting<'_>) -> Option<LiveTableOptions> {
    let Setting { plan, terminal, .. } = *setting;
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    if is_dumb {
        return None;
    }
    if terminal {
        let comes_live =
            (request.follow || !setting.sources.iter().all(Facts::is_regular)) && !is_typed(setting.sources);
        let is_wanted = request.live || comes_live && !request.changed;
        let stdout = rustix::io::dup(rustix::stdio::stdout()).ok()?;
        return (is_wanted && (plan.is_blocking() || plan.window.is_some()))
            .then(|| draw_on(File::from(stdout), setting.encoding, setting.look, setting))?;
    }
    if !request.live || !(plan.is_blocking() || plan.window.is_some()) {
        return None;
    }
    let Some(terminal) = other_terminal() else {
        eprint("--live: there is no terminal to draw on");
        return None;
    };
    let encoding = match setting.encoding {
        Encoding::Lines(_) | Encoding::Rows => setting.encoding,
        Encoding::Format(format, _) => {
            let format = if format.for_people { format } else { encode::FOR_TERMINALS };
            Encoding::Format(format, request.header.unwrap_or(format.header))
        }
    };
    let look = Look {
        color: match request.color {
            When::Always => true,
            When::Never => false,
            When::Auto => shows_color(),
        },
        escapes: true,
        ..Look::default()
    };
    draw_on(terminal, encoding, look, setting)
}

fn draw_on(terminal: File, encoding: Encoding, look: Look, setting: &Setting<'_>) -> Option<LiveTableOptions> {
    let display = Display::on(terminal).ok()?;
    let encoding = match encoding {
        Encoding::Rows => Encoding::Format(encode::FOR_TERMINALS, encode::FOR_TERMINALS.header),
        encoding => encoding,
    };
    Some(LiveTableOptions { display, every: setting.every, encoding, look })
}

/// The terminal of standard error, otherwise the controlling terminal of the process.
fn other_terminal() -> Option<File> {
    if std::io::stderr().is_terminal() {
        return Some(rustix::io::dup(rustix::stdio::stderr()).ok()?.into());
    }
    File::options().write(true).open("/dev/tty").ok()
}

/// True if the terminal has color and NO_COLOR is not set; see <https://no-color.org>.
pub(super) fn shows_color() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    !is_set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// True if the input is typed on a terminal, where the echo would mix with the table.
fn is_typed(sources: &[Facts]) -> bool {
    sources.iter().any(|source| source.is_stdin) && std::io::stdin().is_terminal()
}
