//! Which scenarios: the list, and the choice by id, tag and file.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use serde_json::json;

use super::{Exit, RunArguments, folder, say, tell_to};
use crate::model::Problem;
use crate::model::deck::{self, Deck};
use crate::model::scenario::Scenario;
use crate::store;

/// Ours, and the user's own where there is a folder for data.
fn load(data_dir: Option<PathBuf>) -> Deck {
    Deck::with(folder(data_dir).map(|dir| store::own_scenarios(&dir)).unwrap_or_default())
}

/// Shows the scenarios, and files that are none.
pub(super) fn list(as_json: bool, data_dir: Option<PathBuf>) -> Exit {
    let deck = load(data_dir);
    let mut out = io::stdout().lock();
    for damaged in &deck.damaged {
        let problem = &damaged.problem;
        if as_json {
            let about = json!({ "damaged": damaged.name, "problem": problem.line() });
            if tell_to(&mut out, &about).is_err() {
                break;
            }
        } else {
            say(format_args!("damaged: {}", problem.line()));
        }
    }
    for scenario in &deck.scenarios {
        let own = deck.own.contains(&scenario.id);
        let shown = if as_json {
            let about = json!({
                "id": scenario.id,
                "own": own,
                "name": scenario.name,
                "tags": scenario.tags,
                "completion": scenario.completion,
                "expect": scenario.expect,
                "plain": scenario.explain.plain,
                "advice": scenario.explain.advice,
            });
            tell_to(&mut out, &about)
        } else {
            let mark = if own { " (own)" } else { "" };
            writeln!(out, "{:<8} {:<20} {}{mark}", scenario.id, scenario.expect.status, scenario.name)
        };
        if shown.is_err() {
            break; // nobody reads on, as with a pipe into head
        }
    }
    Exit::Expected
}

/// The scenarios that were asked for, each once, in deck order; files come last. With them
/// the own files that are none, if all were asked for.
///
/// # Errors
/// If one does not exist, a file cannot be read, or nothing was asked for.
pub(super) fn choose(
    wanted: &RunArguments,
    data_dir: Option<PathBuf>,
) -> Result<(Vec<Scenario>, Vec<Problem>), Problem> {
    let Deck { scenarios: deck, damaged, .. } = load(data_dir);
    let damaged: Vec<Problem> = damaged.into_iter().map(|damaged| damaged.problem).collect();
    for id in &wanted.ids {
        if deck::find(&deck, id).is_none() {
            let near = deck::near(&deck, id).join(", ");
            return Err(Problem {
                summary: format!("There is no scenario {id:?}"),
                causes: damaged.iter().map(|problem| problem.summary.clone()).collect(),
                hint: Some(format!("Near ones are {near}; the command list shows all")),
            });
        }
    }
    for tag in &wanted.tag {
        let tags = deck::tags(&deck);
        if !tags.contains(tag.as_str()) {
            let there = tags.into_iter().collect::<Vec<_>>().join(", ");
            return Err(Problem::of(format!("No scenario has the tag {tag:?}"), format!("The tags are {there}")));
        }
    }
    let asked = |scenario: &Scenario| {
        wanted.all
            || wanted.ids.iter().any(|id| scenario.id.eq_ignore_ascii_case(id))
            || scenario.tags.iter().any(|tag| wanted.tag.contains(tag))
    };
    let mut chosen: Vec<Scenario> = deck.iter().filter(|scenario| asked(scenario)).cloned().collect();
    for path in &wanted.file {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| Problem {
            summary: format!("{name} cannot be read"),
            causes: vec![error.to_string()],
            hint: Some("Give the path of a scenario file (TOML)".into()),
        })?;
        chosen.push(deck::read(&name, &text).map_err(|error| Problem::new(&error, Some(error.hint())))?);
    }
    if chosen.is_empty() {
        let hint = "Name scenarios by id, or give --all, --tag or --file; the command list shows what there is";
        return Err(Problem::of("There is nothing to run", hint));
    }
    Ok((chosen, if wanted.all { damaged } else { Vec::new() }))
}
