//! The command line: arguments in, exit code out; the same engine as the window's.
//!
//! Promises: one JSON object each line on standard output for machines, words for people
//! on standard error; secrets never come as arguments; nothing ever asks; the four exit
//! codes are [`Exit`]; text from servers cannot steer the terminal. Knows no window: the one that is opened without a command is
//! handed in. Source: product.md, Command line; trust.md R73.

mod deck;
mod display;
mod environment;
mod inspect;
mod listen;
mod logging;
mod run;
mod sandbox;
mod stop;
mod words;

use std::fmt;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::engine::{ClockMode, Options, Ports};
use crate::model::Problem;
use crate::runner::report::Format;
use crate::serve::BindError;
use crate::store;
use crate::store::keychain::Keychain;

/// How long the end may take. Source: trust.md R73.
const CLOSING: Duration = Duration::from_secs(3);

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// As expected.
    Expected = 0,
    /// A scenario did not end as expected.
    Unexpected = 1,
    /// Wrong usage or configuration.
    Usage = 2,
    /// The environment could not be reached.
    Unreachable = 3,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

#[derive(Debug, Parser)]
#[command(name = "sessions-console", version, about = "Tests 3-D Secure through the Sessions API")]
#[command(after_help = "Without a command the window opens.\n\
    Exit codes: 0 as expected, 1 a scenario did not end as expected, 2 wrong usage or configuration, \
    3 environment unreachable.\n\
    The client secret of a saved profile is read from SESSIONS_CONSOLE_CLIENT_SECRET; a fixed client of the \
    command sandbox from SESSIONS_CONSOLE_SANDBOX_CLIENT_ID and SESSIONS_CONSOLE_SANDBOX_CLIENT_SECRET.\n\n\
    A profile without saving one (--environment env; in the window, «From the environment»):\n  \
    SESSIONS_CONSOLE_CLIENT_ID              access key id; without it there is no such profile\n  \
    SESSIONS_CONSOLE_CLIENT_SECRET          its secret; never written to disk\n  \
    SESSIONS_CONSOLE_ENVIRONMENT            sandbox (the vendor's; default), production or custom\n  \
    SESSIONS_CONSOLE_BASE_URL               API address instead of the vendor's; alone it means custom\n  \
    SESSIONS_CONSOLE_TOKEN_URL              token address; default for custom: BASE_URL/connect/token\n  \
    SESSIONS_CONSOLE_PROCESSING_CHANNEL_ID  pc_…\n  \
    SESSIONS_CONSOLE_SCOPES                 with spaces between; default: those of a new profile")]
struct Arguments {
    /// Folder for settings and history
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run scenarios and compare how they end with what is expected
    Run(RunArguments),
    /// Show the scenarios
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Run only the sandbox: token server, Sessions API, scheme, issuer
    Sandbox(SandboxArguments),
    /// Run only the callback listener: one line per callback
    Listen(ListenArguments),
    /// Decode a token, creq, cres, PaReq, session, request or HAR recording
    #[command(after_help = inspect::HELP)]
    Inspect(inspect::InspectArguments),
}

#[derive(Debug, Args)]
struct RunArguments {
    /// Scenarios by id, for example S001 S021
    #[arg(value_name = "ID")]
    ids: Vec<String>,
    /// All that come with the program, and your own in DATA_DIR/scenarios
    #[arg(long)]
    all: bool,
    /// Those with this tag
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// A scenario file of your own
    #[arg(long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// A saved profile instead of the embedded sandbox; env: the one of the variables below
    #[arg(long, value_name = "NAME")]
    environment: Option<String>,
    /// Scenarios at the same time [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
    /// Same seed, same identifiers
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Run each scenario this often
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Write a report: junit=PATH or json=PATH
    #[arg(long, value_name = "FORMAT=PATH", value_parser = report)]
    report: Vec<ReportTo>,
    /// Run each scenario on every: version (2.1.0, 2.2.0, 2.3.1)
    #[arg(long, value_name = "WHAT", value_delimiter = ',', value_parser = dimension)]
    matrix: Vec<Dimension>,
    /// Allow a profile whose environment is production
    #[arg(long)]
    i_mean_production: bool,
}

#[derive(Debug, Args)]
struct SandboxArguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "P", default_value_t = Ports::DEFAULT.sandbox)]
    port: u16,
    /// Also listen for TLS under the vendor's host names; 0 takes a free port [without a number: 8743]
    #[arg(long, value_name = "P", num_args = 0..=1, default_missing_value = "8743")]
    tls_port: Option<u16>,
    /// Same seed, same identifiers
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Virtual time stands still until the control API moves it
    #[arg(long, value_enum, default_value_t = Time::Real)]
    clock: Time,
    /// Only the ready line, no words for people
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Time {
    Real,
    Virtual,
}

#[derive(Debug, Args)]
struct ListenArguments {
    /// Port on 127.0.0.1; 0 takes a free one
    #[arg(long, value_name = "P", default_value_t = Ports::DEFAULT.listener)]
    port: u16,
    /// Only JSON lines, no words for people
    #[arg(long)]
    json: bool,
    /// Answer with this status
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..600))]
    status: u16,
    /// Wait this many milliseconds before answering, a minute at most
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=60_000))]
    delay_ms: u64,
}

/// What a scenario can be varied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dimension {
    Version,
}

fn dimension(word: &str) -> Result<Dimension, String> {
    match word {
        "version" => Ok(Dimension::Version),
        "scheme" | "channel" => Err(format!("scenarios cannot be run on every {word} yet; version works today")),
        _ => Err("write version: each scenario is then run on 2.1.0, 2.2.0 and 2.3.1".to_owned()),
    }
}

/// A report that was asked for.
#[derive(Debug, Clone)]
struct ReportTo {
    format: Format,
    path: PathBuf,
}

fn report(text: &str) -> Result<ReportTo, String> {
    let there = Format::ALL.map(|(word, _)| word).join(", ");
    let Some((word, path)) = text.split_once('=').filter(|(_, path)| !path.is_empty()) else {
        return Err(format!("write FORMAT=PATH; the formats are {there}"));
    };
    let known = Format::ALL.into_iter().find(|(known, _)| *known == word);
    let (_, format) = known.ok_or_else(|| format!("there is no report format {word:?}; the formats are {there}"))?;
    Ok(ReportTo { format, path: path.into() })
}

/// Reads the arguments and does what they say. Without a command `window` is called, if
/// there is a display and what the window needs of the system.
pub fn main(window: impl FnOnce(Options) -> Result<(), Problem>) -> ExitCode {
    logging::start();
    harden();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            error.print().ok(); // nobody reads it, so nobody misses it
            return if error.use_stderr() { Exit::Usage.into() } else { Exit::Expected.into() };
        }
    };
    let data_dir = arguments.data_dir;
    let done = match arguments.command {
        None => open_window(data_dir, window),
        Some(Command::Run(wanted)) => run::run(&wanted, data_dir),
        Some(Command::List { json }) => Ok(deck::list(json, data_dir)),
        Some(Command::Sandbox(wanted)) => sandbox::run(&wanted, data_dir),
        Some(Command::Listen(wanted)) => listen::run(&wanted, data_dir),
        Some(Command::Inspect(wanted)) => inspect::run(&wanted),
    };
    done.unwrap_or_else(|problem| {
        say(format_args!("error: {}", problem.line()));
        Exit::Usage
    })
    .into()
}

fn open_window(
    data_dir: Option<PathBuf>,
    window: impl FnOnce(Options) -> Result<(), Problem>,
) -> Result<Exit, Problem> {
    display::check()?;
    let options = Options {
        data_dir: folder(data_dir)?,
        ports: Ports::DEFAULT,
        take_free_ports: true,
        seed: None,
        environment_profile: environment::profile()?,
        client_secret: environment::client_secret(),
        keychain: Keychain::of_system(),
        clock: ClockMode::Real,
    };
    window(options).map(|()| Exit::Expected)
}

/// The folder that was asked for, else the usual one.
fn folder(asked: Option<PathBuf>) -> Result<PathBuf, Problem> {
    asked.map_or_else(|| store::default_dir().map_err(|error| Problem::new(&error, Some(error.hint()))), Ok)
}

/// Files of ours are nobody else's; no core dump carries a secret away. Source: trust.md R55.
#[cfg(unix)]
fn harden() {
    use rustix::fs::Mode;
    use rustix::process::{Resource, Rlimit, setrlimit, umask};
    umask(Mode::RWXG | Mode::RWXO);
    if cfg!(debug_assertions) {
        return; // whoever builds it for debugging may want a core
    }
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
}

#[cfg(not(unix))]
fn harden() {}

/// A line for people.
fn say(words: fmt::Arguments<'_>) {
    let words = words::visible_lines(&words.to_string());
    writeln!(io::stderr(), "{words}").ok(); // a closed terminal is no reason to stop
}

/// A line for machines, out at once.
///
/// # Errors
/// If nobody reads standard output any more.
fn tell(line: &serde_json::Value) -> io::Result<()> {
    tell_to(&mut io::stdout().lock(), line)
}

/// The same, to whoever holds standard output.
fn tell_to(out: &mut impl io::Write, line: &serde_json::Value) -> io::Result<()> {
    writeln!(out, "{}", words::visible_json(&line.to_string()))?;
    out.flush()
}

/// A port that cannot be had, and the option that takes another.
fn taken(error: &BindError) -> Problem {
    let option = if error.name == crate::sandbox::OVER_TLS { "--tls-port 0" } else { "--port 0" };
    Problem::new(error, Some(&error.hint().replace("port 0", option)))
}

/// Standard output is closed: there is nobody to work for.
fn unread(error: &io::Error) -> Problem {
    Problem {
        summary: "Standard output cannot be written".into(),
        causes: vec![error.to_string()],
        hint: Some("Keep the reading end open; its lines are what this command is for".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_are_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_matrix_names_what_works_today() {
        assert_eq!(dimension("version"), Ok(Dimension::Version));
        let why = dimension("scheme").expect_err("not yet");
        assert!(why.contains("scheme") && why.contains("version works today"), "{why}");
        assert!(dimension("versions").expect_err("no such word").contains("2.2.0"));
    }

    #[test]
    fn an_unknown_report_format_names_the_ones_there_are() {
        let why = report("html=x.html").expect_err("html comes later");
        assert!(why.contains("html") && why.contains("junit, json"), "{why}");
        assert!(report("junit=").is_err() && report("junit").is_err());
        assert_eq!(report("json=a=b").expect("a path with a sign").path, PathBuf::from("a=b"));
    }
}
