//! Sessions Console, the program. All of it is in the library; the code map is in `lib.rs`.

use std::process::ExitCode;

fn main() -> ExitCode {
    sessions_console::cli::main(sessions_console::app::run)
}
