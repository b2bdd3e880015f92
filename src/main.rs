//! The `paging` binary: arguments to exit code. What it does is in the library.

use pagingbox::app::{self, arguments::Command};
use std::process::ExitCode;

fn main() -> ExitCode {
    match Command::parse(std::env::args_os().skip(1)) {
        Ok(command) => app::run(command),
        Err(error) => app::usage(&error),
    }
}
