//! Which scenarios: the list, and the choice by id, tag and file.

use std::fs;
use std::io::{self, Write as _};

use serde_json::json;

use super::{Exit, RunArguments, tell};
use crate::model::Problem;
use crate::model::deck;
use crate::model::scenario::Scenario;

/// Shows the scenarios.
pub(super) fn list(as_json: bool) -> Exit {
    let mut out = io::stdout().lock();
    for scenario in deck::all() {
        let shown = if as_json {
            let about = json!({
                "id": scenario.id,
                "name": scenario.name,
                "tags": scenario.tags,
                "completion": scenario.completion,
                "expect": scenario.expect,
                "plain": scenario.explain.plain,
                "advice": scenario.explain.advice,
            });
            tell(&about)
        } else {
            writeln!(out, "{:<8} {:<20} {}", scenario.id, scenario.expect.status, scenario.name)
        };
        if shown.is_err() {
            break; // nobody reads on, as with a pipe into head
        }
    }
    Exit::Expected
}

/// The scenarios that were asked for, each once, in deck order; files come last.
///
/// # Errors
/// If one does not exist, a file cannot be read, or nothing was asked for.
pub(super) fn choose(wanted: &RunArguments) -> Result<Vec<Scenario>, Problem> {
    let deck = deck::all();
    for id in &wanted.ids {
        if deck::find(&deck, id).is_none() {
            let near = deck::near(&deck, id).join(", ");
            return Err(Problem::of(
                format!("There is no scenario {id:?}"),
                format!("Near ones are {near}; the command list shows all"),
            ));
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
    Ok(chosen)
}
