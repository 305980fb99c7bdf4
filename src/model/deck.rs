//! The scenarios that come with the program, as data, and how they are chosen. The files
//! are part of the program, so that a run needs no folder. Pure: text in, scenarios out.

use std::collections::BTreeSet;

use super::scenario::Scenario;

/// The files under `assets/scenarios/`, by name. A test keeps the list complete.
const FILES: &[(&str, &str)] = &[
    ("S001.toml", include_str!("../../assets/scenarios/S001.toml")),
    ("S001-MC.toml", include_str!("../../assets/scenarios/S001-MC.toml")),
    ("S003.toml", include_str!("../../assets/scenarios/S003.toml")),
    ("S004.toml", include_str!("../../assets/scenarios/S004.toml")),
    ("S004-MC.toml", include_str!("../../assets/scenarios/S004-MC.toml")),
    ("S008.toml", include_str!("../../assets/scenarios/S008.toml")),
    ("S011.toml", include_str!("../../assets/scenarios/S011.toml")),
    ("S021.toml", include_str!("../../assets/scenarios/S021.toml")),
    ("S021-MC.toml", include_str!("../../assets/scenarios/S021-MC.toml")),
    ("S022.toml", include_str!("../../assets/scenarios/S022.toml")),
    ("S023.toml", include_str!("../../assets/scenarios/S023.toml")),
    ("S027.toml", include_str!("../../assets/scenarios/S027.toml")),
    ("S034.toml", include_str!("../../assets/scenarios/S034.toml")),
    ("S035.toml", include_str!("../../assets/scenarios/S035.toml")),
    ("S036.toml", include_str!("../../assets/scenarios/S036.toml")),
    ("S046.toml", include_str!("../../assets/scenarios/S046.toml")),
    ("S071.toml", include_str!("../../assets/scenarios/S071.toml")),
    ("S071-MC.toml", include_str!("../../assets/scenarios/S071-MC.toml")),
    ("S072.toml", include_str!("../../assets/scenarios/S072.toml")),
    ("S073.toml", include_str!("../../assets/scenarios/S073.toml")),
    ("S074.toml", include_str!("../../assets/scenarios/S074.toml")),
    ("S091.toml", include_str!("../../assets/scenarios/S091.toml")),
    ("S093.toml", include_str!("../../assets/scenarios/S093.toml")),
    ("S121.toml", include_str!("../../assets/scenarios/S121.toml")),
    ("S125.toml", include_str!("../../assets/scenarios/S125.toml")),
    ("S126.toml", include_str!("../../assets/scenarios/S126.toml")),
    ("S130.toml", include_str!("../../assets/scenarios/S130.toml")),
    ("S141.toml", include_str!("../../assets/scenarios/S141.toml")),
    ("S142.toml", include_str!("../../assets/scenarios/S142.toml")),
    ("APP-UNREADABLE.toml", include_str!("../../assets/scenarios/APP-UNREADABLE.toml")),
];

/// A scenario file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{name} is not a scenario")]
pub struct ScenarioError {
    /// The file.
    pub name: String,
    /// Where and why.
    pub source: toml::de::Error,
}

impl ScenarioError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        "A scenario has id, name, [body] with JSON pointers, [expect] with status; \
         the command list shows the ones that come with the program"
    }
}

/// Reads one scenario file; `name` is for the message.
///
/// # Errors
/// If it is not TOML, or has members that a scenario does not have, or lacks some.
pub fn read(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    toml::from_str(text).map_err(|source| ScenarioError { name: name.to_owned(), source })
}

/// All that come with the program, in the order of their numbers.
pub fn all() -> Vec<Scenario> {
    let read = |(name, text): &(&str, &str)| read(name, text).expect("a test reads every file of the table");
    FILES.iter().map(read).collect()
}

/// The scenario with this id, whatever its case.
pub fn find<'a>(deck: &'a [Scenario], id: &str) -> Option<&'a Scenario> {
    deck.iter().find(|scenario| scenario.id.eq_ignore_ascii_case(id))
}

/// The tags in use, in order.
pub fn tags(deck: &[Scenario]) -> BTreeSet<&str> {
    deck.iter().flat_map(|scenario| scenario.tags.iter().map(String::as_str)).collect()
}

/// Up to three ids that are nearest to one that does not exist.
pub fn near<'a>(deck: &'a [Scenario], id: &str) -> Vec<&'a str> {
    let ids: Vec<&str> = deck.iter().map(|scenario| scenario.id.as_str()).collect();
    near_ids(&ids, id)
}

/// The same of bare ids.
pub fn near_ids<'a>(ids: &[&'a str], id: &str) -> Vec<&'a str> {
    let wanted = id.to_ascii_uppercase();
    let mut by_distance: Vec<(usize, &str)> = ids.iter().map(|known| (distance(&wanted, known), *known)).collect();
    by_distance.sort_by_key(|(distance, _)| *distance); // stable: equal ones stay in deck order
    by_distance.into_iter().take(3).map(|(_, id)| id).collect()
}

/// Letters to change, add or drop to make one word of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, left) in a.chars().enumerate() {
        let mut fresh = Vec::with_capacity(row.len());
        fresh.push(i + 1);
        for (pair, right) in row.windows(2).zip(&b) {
            let &[diagonal, above] = pair else { continue };
            let beside = fresh.last().copied().unwrap_or_default();
            let same = usize::from(left != *right);
            fresh.push((diagonal + same).min(above + 1).min(beside + 1));
        }
        row = fresh;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::cards::is_test_number;
    use crate::model::draft::Completion;

    #[test]
    fn every_file_is_in_the_table_and_reads_as_what_its_name_says() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/scenarios");
        let there = std::fs::read_dir(folder).expect("the folder of scenarios");
        let mut there: Vec<String> =
            there.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect();
        there.sort();
        let mut listed: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        listed.sort_unstable();
        assert_eq!(there, listed);
        for (scenario, (name, _)) in all().iter().zip(FILES) {
            assert_eq!(format!("{}.toml", scenario.id), *name, "an id is unique because a file name is");
        }
    }

    #[test]
    fn every_scenario_uses_a_published_card_and_says_all_it_expects() {
        for scenario in all() {
            let id = &scenario.id;
            let number = scenario.body.get("/source/number").and_then(|value| value.as_str());
            assert!(number.is_some_and(is_test_number), "{id}: {number:?}");
            let expect = &scenario.expect;
            let hosted = scenario.completion == Completion::Hosted;
            assert!(expect.approved.is_some() && expect.eci.is_some() && expect.cryptogram.is_some(), "{id}");
            assert!(expect.response_code.is_some() && expect.status_reason.is_some(), "{id}");
            assert!(expect.next_actions.is_some(), "{id}");
            assert_eq!(expect.callbacks, Some(usize::from(!hosted)), "{id}");
            assert_eq!(expect.returned_to.is_some(), hosted, "{id}");
            assert!(scenario.explain.plain.ends_with('.') && scenario.explain.advice.ends_with('.'), "{id}");
        }
    }

    #[test]
    fn a_slip_in_an_id_finds_the_near_ones() {
        let deck = all();
        assert_eq!(near(&deck, "s0021").first(), Some(&"S001"), "{:?}", near(&deck, "s0021"));
        assert!(near(&deck, "S21").contains(&"S021"));
        assert!(find(&deck, "s021-mc").is_some() && find(&deck, "S21").is_none());
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn a_file_with_an_unknown_member_is_refused_with_its_place() {
        let text = "id = \"X\"\nname = \"x\"\n[expect]\nstatus = \"approved\"\nstauts_reason = \"y\"\n";
        let error = read("mine.toml", text).expect_err("a misspelt member");
        assert!(error.source.to_string().contains("stauts_reason"), "{}", error.source);
    }
}
