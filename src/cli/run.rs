//! `run`: the choice, the environment, the progress, the reports, the exit code.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread;

use indicatif::{ProgressBar, ProgressStyle};

use super::environment::{self, CLIENT_ID, CLIENT_SECRET, client_secret};
use super::stop::Stop;
use super::words::{visible, visible_lines};
use super::{Dimension, Exit, ReportTo, RunArguments, deck, folder, say};
use crate::model::Problem;
use crate::model::cards;
use crate::model::exchange::Step;
use crate::model::profile::{Environment, FROM_ENVIRONMENT, Profile, ProfileId, TokenStatus};
use crate::model::redact::{Origin, Redactor};
use crate::model::scenario::Scenario;
use crate::model::scopes::{Channel, Held};
use crate::runner::{self, Case, Options, Results, Target, Verdict, report};
use crate::store;

/// Runs what was asked for.
///
/// # Errors
/// If nothing can be run as asked, or a report cannot be written.
pub(super) fn run(wanted: &RunArguments, data_dir: Option<PathBuf>) -> Result<Exit, Problem> {
    let (chosen, damaged) = deck::choose(wanted, data_dir.clone())?;
    for problem in &damaged {
        say(format_args!("damaged: {}", problem.line()));
    }
    let options = Options {
        target: target(wanted, data_dir)?,
        jobs: wanted.jobs.map_or_else(cores, usize::from),
        seed: wanted.seed,
        rounds: wanted.repeat,
        versions: wanted.matrix.contains(&Dimension::Version),
    };
    if options.versions && matches!(options.target, Target::Saved { .. }) {
        let hint = "Run it without --environment: only the embedded sandbox can be told which version to speak";
        return Err(Problem::of("--matrix version is not for this environment", hint));
    }
    if options.versions {
        say_fixed(&chosen);
    }
    if let Target::Saved { profile, .. } = &options.target
        && profile.environment == Environment::Production
    {
        check_cards(&chosen, &profile.id)?;
    }
    for to in &wanted.report {
        check_folder(&to.path)?;
    }
    let stop = Stop::watch()?;
    let progress =
        Progress::new(runner::count(&chosen, &options) * usize::try_from(wanted.repeat).unwrap_or(usize::MAX));
    let results = runner::run(&chosen, &options, stop.flag(), &|case| progress.ended(case, wanted.repeat));
    progress.finish(&results);
    for to in &wanted.report {
        write(to, &results)?;
    }
    Ok(match verdict(&results) {
        Exit::Expected if !damaged.is_empty() => Exit::Unexpected,
        exit => exit,
    })
}

/// Source: product.md, Command line; trust.md R73: what executed nothing is no success.
fn verdict(results: &Results) -> Exit {
    let (passed, failed, broken, not_judged) = results.counts();
    if results.cases.iter().any(|case| case.unreachable && case.verdict != Verdict::Passed) {
        Exit::Unreachable
    } else if passed + failed + broken + not_judged == 0 {
        Exit::Usage
    } else if failed + broken + results.not_run > 0 {
        Exit::Unexpected
    } else {
        Exit::Expected
    }
}

/// A scenario that fixes its version is run on that one: said before, so that nobody waits for
/// the others.
fn say_fixed(chosen: &[Scenario]) {
    for scenario in chosen {
        if let Some(version) = scenario.fixed_version() {
            let word = version.word();
            say(format_args!("note: {} is about {word}: it is run on that version only", scenario.id));
        }
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Whom to talk to. Source of the production rule: trust.md R36.
fn target(wanted: &RunArguments, data_dir: Option<PathBuf>) -> Result<Target, Problem> {
    let Some(name) = &wanted.environment else {
        if std::env::var_os(CLIENT_ID).is_some() {
            say(format_args!("note: {CLIENT_ID} is not used; --environment {FROM_ENVIRONMENT} uses it"));
        }
        return Ok(Target::Embedded);
    };
    let profile = if name == FROM_ENVIRONMENT { of_environment()? } else { saved(name, data_dir)? };
    if profile.environment == Environment::Embedded {
        return Ok(Target::Embedded);
    }
    if profile.environment == Environment::Production && !wanted.i_mean_production {
        return Err(Problem::of(
            format!("The profile {:?} is production, and scenarios are for testing", profile.name),
            "Choose another one, or add --i-mean-production",
        ));
    }
    if let Some((field, finding)) = profile.check().into_iter().next() {
        return Err(Problem::of(format!("{field} of the profile {:?} cannot be used", profile.name), finding));
    }
    let secret = client_secret().ok_or_else(|| {
        let hint = format!("Set {CLIENT_SECRET} to its client secret; a secret is never an argument");
        Problem::of(format!("There is no client secret for the profile {:?}", profile.name), hint)
    })?;
    if let Some(finding) =
        Held::of(&profile, &TokenStatus::Absent).and_then(|held| held.finding(Step::Create, Channel::Open))
    {
        say(format_args!("note: {}", finding.line()));
    }
    Ok(Target::Saved { profile: Box::new(profile), secret })
}

fn of_environment() -> Result<Profile, Problem> {
    environment::profile()?.ok_or_else(|| {
        let hint = format!("Set {CLIENT_ID} and {CLIENT_SECRET}; sessions-console --help lists them all");
        Problem::of("There is no profile in the environment variables", hint)
    })
}

fn saved(name: &str, data_dir: Option<PathBuf>) -> Result<Profile, Problem> {
    let dir = folder(data_dir)?;
    let (settings, problem) = store::settings::load(&dir);
    if let Some(problem) = problem {
        return Err(problem);
    }
    let there: Vec<String> = settings.profiles.iter().map(|profile| format!("{:?}", profile.name)).collect();
    let same = |profile: &Profile| profile.name.eq_ignore_ascii_case(name) || profile.id.0 == name;
    settings.profiles.into_iter().find(same).ok_or_else(|| {
        Problem::of(
            format!("There is no saved profile {name:?} in {}", dir.display()),
            format!("Saved are {}; the window saves more under Credentials", there.join(", ")),
        )
    })
}

/// No card number but a published test number goes to production. Source: trust.md R35.
fn check_cards(chosen: &[Scenario], profile: &ProfileId) -> Result<(), Problem> {
    let redactor = Redactor::new([], Origin::Embedded);
    let foreign = |scenario: &&Scenario| {
        let body = scenario.plan(profile.clone()).body;
        !redactor.mask(body.as_bytes()).spans.is_empty() || cards::holds_programmable(&body)
    };
    match chosen.iter().find(foreign) {
        None => Ok(()),
        Some(scenario) => Err(Problem::of(
            format!("{} holds a card number that is not a published test number, or a secret", scenario.id),
            "Only published test numbers are sent to production; take one of them",
        )),
    }
}

/// What is seen while scenarios run: a bar on a terminal, else one line for each.
struct Progress(Option<ProgressBar>);

impl Progress {
    fn new(count: usize) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:32} {pos}/{len} {elapsed} {msg}");
            let bar = ProgressBar::new(u64::try_from(count).unwrap_or(u64::MAX));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Self(bar)
    }

    fn say(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.println(visible_lines(line)),
            None => say(format_args!("{line}")),
        }
    }

    fn ended(&self, case: &Case, rounds: u32) {
        let passed = matches!(case.verdict, Verdict::Passed | Verdict::NotJudged);
        if self.0.is_none() || !passed {
            self.say(&about(case, rounds));
        }
        if let Some(bar) = &self.0 {
            bar.set_message(visible(&case.label()));
            bar.inc(1);
        }
    }

    fn finish(&self, results: &Results) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
        let (passed, failed, broken, not_judged) = results.counts();
        let not_judged = match not_judged {
            0 => String::new(),
            count => format!(", {count} not judged"),
        };
        let not_run = match results.not_run {
            0 => String::new(),
            count => format!(", {count} not run"),
        };
        let took = results.took.as_secs_f64();
        say(format_args!(
            "{passed} passed, {failed} failed, {broken} broken{not_judged}{not_run} in {took:.1} s ({})",
            results.environment
        ));
    }
}

/// A line for the case, and one below it for each reason.
fn about(case: &Case, rounds: u32) -> String {
    let round = if rounds > 1 { format!(" (round {})", case.round) } else { String::new() };
    let took = case.took.as_secs_f64();
    // Line breaks of servers and files must not make lines of their own.
    let (id, name) = (visible(&case.label()), visible(&case.name));
    let mut text = format!("{}  {id}  {name}{round}  {took:.2} s", case.verdict.word());
    let reasons = case.verdict.lines();
    let steps = case.problems.iter().map(|problem| format!("step: {}", problem.line()));
    let steps = steps.filter(|_| matches!(case.verdict, Verdict::Failed(_)));
    for reason in reasons.into_iter().chain(steps) {
        text.push_str("\n          ");
        text.push_str(&visible(&reason));
    }
    text
}

/// Said before anything is run: a long run whose report cannot be written is lost.
fn check_folder(path: &Path) -> Result<(), Problem> {
    let folder = parent(path);
    if folder.is_dir() && path.file_name().is_some() && !path.is_dir() {
        return Ok(());
    }
    Err(Problem::of(
        format!("The report {} cannot be written there", path.display()),
        "Give the path of a file in a folder that exists",
    ))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// All of the report or nothing: beside its place first, then renamed.
fn write(to: &ReportTo, results: &Results) -> Result<(), Problem> {
    let text = report::write(to.format, results);
    let mut name = std::ffi::OsString::from(".");
    name.push(to.path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    let fresh = parent(&to.path).join(name);
    let written = File::create_new(&fresh)
        .and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&fresh, &to.path));
    written.map_err(|error| {
        fs::remove_file(&fresh).ok(); // the first error is the one to tell
        Problem {
            summary: format!("The report {} could not be written", to.path.display()),
            causes: vec![error.to_string()],
            hint: Some("Free space there, or choose another place".into()),
        }
    })
}
