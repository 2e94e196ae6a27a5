//! Arguments in, exit status out.

fn main() -> std::process::ExitCode {
    bourn::cli::run(std::env::args_os())
}
