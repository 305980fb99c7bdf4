//! The scenarios: those that come with the program, the user's own beside them, and what is
//! wrong with a file that cannot be used. The former are part of the program, so that a run
//! needs no folder. Pure: text in, scenarios out.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use super::Problem;
use super::scenario::{Fault, Scenario};

/// The files under `assets/scenarios/`, by name. A test keeps the list complete.
macro_rules! files {
    ($($id:literal)*) => {
        &[$((concat!($id, ".toml"), include_str!(concat!("../../assets/scenarios/", $id, ".toml")))),*]
    };
}

const FILES: &[(&str, &str)] = files! {
    "S001"
    "S001-MC"
    "S002"
    "S003"
    "S004"
    "S004-MC"
    "S005"
    "S006"
    "S007"
    "S008"
    "S009"
    "S010"
    "S011"
    "S012"
    "S013"
    "S014"
    "S014-MC"
    "S015"
    "S016"
    "S017"
    "S018"
    "S021"
    "S021-MC"
    "S022"
    "S023"
    "S024"
    "S025"
    "S026"
    "S026-OLD"
    "S027"
    "S028"
    "S029"
    "S030"
    "S031"
    "S032"
    "S033"
    "S033-INFO"
    "S034"
    "S035"
    "S036"
    "S037"
    "S038"
    "S039"
    "S040"
    "S041"
    "S042"
    "S043"
    "S044"
    "S045"
    "S046"
    "S047"
    "S048"
    "S049"
    "S050"
    "S051"
    "S052"
    "S053"
    "S054"
    "S055"
    "S056"
    "S057"
    "S058"
    "S059"
    "S060"
    "S061"
    "S062"
    "S063"
    "S064"
    "S065"
    "S066"
    "S067"
    "S068"
    "S069"
    "S070"
    "S071"
    "S071-MC"
    "S072"
    "S073"
    "S074"
    "S075"
    "S076"
    "S077"
    "S078"
    "S079"
    "S081"
    "S082"
    "S083"
    "S084"
    "S085"
    "S086"
    "S091"
    "S091-MC"
    "S092"
    "S092-MC"
    "S093"
    "S093-UNLINKED"
    "S094"
    "S095"
    "S096"
    "S096-MC"
    "S097"
    "S101"
    "S101-231"
    "S101-MC"
    "S102"
    "S103"
    "S104"
    "S105"
    "S106"
    "S107"
    "S108"
    "S109"
    "S110"
    "S111"
    "S111-231"
    "S112"
    "S113"
    "S114"
    "S115"
    "S116"
    "S117"
    "S117-CB"
    "S121"
    "S121-GCM"
    "S121-PLAIN"
    "S121-BOXES"
    "S121-INFO"
    "S122"
    "S123"
    "S123-HTML"
    "S124"
    "S125"
    "S126"
    "S127"
    "S128"
    "S128-FORGED"
    "S128-KEY"
    "S129"
    "S130"
    "S131"
    "S141"
    "S142"
    "S143"
    "S144"
    "S145"
    "S146"
    "S147"
    "S148"
    "S149"
    "S150"
    "APP-UNREADABLE"
};

/// All scenarios there are, and the files that are none.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Deck {
    /// Those that come with the program in the order of their numbers, then the user's own by
    /// the names of their files.
    pub scenarios: Vec<Scenario>,
    /// Ids of the user's own.
    pub own: BTreeSet<String>,
    /// Own files that cannot be used.
    pub damaged: Vec<Damaged>,
}

/// A file of the user's own that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Of the file.
    pub name: String,
    /// Where and why.
    pub problem: Problem,
}

impl Deck {
    /// Those that come with the program, and own files: name, and text or why it cannot be read.
    pub fn with(own: impl IntoIterator<Item = (String, Result<String, String>)>) -> Self {
        let mut deck = Self { scenarios: all(), ..Self::default() };
        for (name, text) in own {
            if let Err(problem) = deck.add(&name, text) {
                deck.damaged.push(Damaged { name, problem });
            }
        }
        deck
    }

    fn add(&mut self, name: &str, text: Result<String, String>) -> Result<(), Problem> {
        let text = text.map_err(|cause| Problem {
            summary: format!("{name} cannot be read"),
            causes: vec![cause],
            hint: Some("Check who may read the file".into()),
        })?;
        let scenario = read(name, &text).map_err(|error| error.problem())?;
        if let Some(other) = find(&self.scenarios, &scenario.id) {
            let whose =
                if self.own.contains(&other.id) { "another file of yours" } else { "a scenario of the program" };
            return Err(Problem::of(
                format!("{name}: the id {:?} is taken by {whose}", scenario.id),
                "Give it an id of its own",
            ));
        }
        self.own.insert(scenario.id.clone());
        self.scenarios.push(scenario);
        Ok(())
    }
}

/// A scenario file that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct ScenarioError {
    /// The file.
    pub name: String,
    /// Line and column, counted from 1, where they are known.
    pub place: Option<(usize, usize)>,
    /// The member that it is about: `expect.status`, `faults[0]`.
    pub member: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not a scenario", self.name)?;
        if let Some((line, column)) = self.place {
            write!(f, ": line {line}, column {column}")?;
        }
        self.member.iter().try_for_each(|member| write!(f, ", {member}"))?;
        write!(f, ": {}", self.why)
    }
}

impl std::error::Error for ScenarioError {}

impl ScenarioError {
    /// What to do now.
    pub fn hint(&self) -> &'static str {
        "A scenario has id, name, [body] with JSON pointers, [expect] with status; \
         the command list shows the ones that come with the program"
    }

    /// As people see it.
    pub fn problem(&self) -> Problem {
        Problem::new(self, Some(self.hint()))
    }
}

/// Reads one scenario file; `name` is for the message.
///
/// # Errors
/// If it is not TOML, or has members or values that a scenario does not have, or lacks some.
pub fn read(name: &str, text: &str) -> Result<Scenario, ScenarioError> {
    let wrong = |place, member, why| ScenarioError { name: name.to_owned(), place, member, why };
    let scenario: Scenario = toml::from_str(text).map_err(|error| {
        let span = error.span();
        let (place, member) = (span.clone().map(|span| place(text, &span)), span.and_then(|span| member(text, &span)));
        wrong(place, member, error.message().to_owned())
    })?;
    match flaw(&scenario) {
        None => Ok(scenario),
        Some((member, why)) => {
            let line = line_of(text, &member);
            Err(wrong(line.map(|line| (line, 1)), Some(member), why))
        }
    }
}

/// A scenario as the text of a file.
///
/// # Errors
/// If it has a value that no file can hold.
pub fn write(scenario: &Scenario) -> Result<String, Problem> {
    toml::to_string(scenario).map_err(|error| {
        let hint = "TOML has no null; leave such a member out";
        Problem { causes: vec![error.to_string()], ..Problem::of(format!("{} fits no file", scenario.id), hint) }
    })
}

/// Line and column of a span, counted from 1.
fn place(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.rsplit('\n').next().unwrap_or_default();
    (before.matches('\n').count() + 1, line.chars().count() + 1)
}

/// The member in whose line a span begins, with the table that it stands in.
fn member(text: &str, span: &Range<usize>) -> Option<String> {
    let (row, _) = place(text, span);
    let key = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        (line.contains('=') && !key.is_empty()).then(|| key.to_owned())
    };
    let mut table = None;
    let mut found = None;
    for line in text.lines().take(row) {
        let header = line.trim();
        if header.starts_with('[') && !header.contains('=') {
            table = Some(header.trim_matches(['[', ']']).to_owned());
            found = None;
        } else {
            found = key(line);
        }
    }
    match (table, found) {
        (Some(table), Some(key)) => Some(format!("{table}.{key}")),
        (table, key) => key.or(table),
    }
}

/// The line in which the table of a member begins, counted from 1.
fn line_of(text: &str, member: &str) -> Option<usize> {
    let (table, rest) = member.split_once(['.', '[']).unwrap_or((member, ""));
    let number: usize = rest.split(']').next().and_then(|number| number.parse().ok()).unwrap_or(0);
    let begins = |line: &str| {
        let line = line.trim();
        line.trim_matches(['[', ']']) == table || line.split('=').next().is_some_and(|key| key.trim() == table)
    };
    let mut lines = text.lines().enumerate().filter(|(_, line)| begins(line));
    lines.nth(number).map(|(row, _)| row + 1)
}

/// Longest limit of a challenge, in seconds: as long as a setting may be. Source: sessions-api.md 7.5.
const LONGEST_LIMIT: u64 = 366 * 86_400;
/// Most pages of a challenge: their count has two digits, wrong answers included. Our choice.
const MOST_PAGES: usize = 20;

/// What no scenario may say, though its shape is right: the member, and why.
fn flaw(scenario: &Scenario) -> Option<(String, String)> {
    let wrong = |member: &str, why: &str| Some((member.to_owned(), why.to_owned()));
    for (number, fault) in scenario.faults.iter().enumerate() {
        let flaws = Fault::flaws(fault);
        if !flaws.is_empty() {
            return Some((format!("faults[{number}]"), flaws.join(", ")));
        }
    }
    let no_pointer = |name: &&String| !name.starts_with('/');
    let variants = scenario.variants.iter().map(|variant| ("variants", &variant.body));
    for (member, changes) in [("body", &scenario.body), ("collect", &scenario.collect)].into_iter().chain(variants) {
        if let Some(name) = changes.keys().find(no_pointer) {
            return Some((member.to_owned(), format!("{name:?} is no JSON pointer; write \"/{name}\"")));
        }
    }
    let shop = &scenario.shop;
    if shop.windows.iter().any(|size| !["01", "02", "03", "04", "05"].contains(&size.as_str())) {
        return wrong("shop.windows", "the sizes are 01 to 05");
    }
    if shop.callback_answers.iter().any(|status| !(200..600).contains(status)) {
        return wrong("shop.callback_answers", "a status is 200 to 599");
    }
    if shop.complete == 0 || shop.rounds == 0 {
        return wrong("shop", "complete and rounds count from 1");
    }
    if let Some(issuer) = &scenario.issuer {
        let challenge = &issuer.challenge;
        let limits = [challenge.first_creq_seconds, challenge.idle_seconds, Some(challenge.code_seconds)];
        if limits.into_iter().flatten().any(|seconds| seconds > LONGEST_LIMIT) {
            return wrong("issuer.challenge", "a limit is at most a year, in seconds");
        }
        if !(1..=MOST_PAGES).contains(&challenge.pages.len()) {
            return wrong("issuer.challenge.pages", "there are 1 to 20 pages");
        }
        if let Some(why) = issuer.server.flaw() {
            return wrong("issuer.server", why);
        }
    }
    if !scenario.id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        || scenario.id.is_empty()
    {
        return wrong("id", "letters, digits, - _ . only, and at least one");
    }
    None
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
    fn every_scenario_uses_a_test_card_and_says_all_it_expects() {
        for scenario in all() {
            let id = &scenario.id;
            let token = || scenario.body.get("/source")?.get("token");
            let number = scenario.body.get("/source/number").or_else(token).and_then(|value| value.as_str());
            let banks = ["4000110000", "5200110000", "4970110000"];
            let programmable = |number: &str| banks.iter().any(|bank| number.starts_with(bank));
            let published = number.is_some_and(is_test_number);
            assert!(published || number.is_some_and(programmable), "{id}: {number:?}");
            assert!(
                !scenario.directs() || !scenario.card_decides() || (published && scenario.faults.is_empty()),
                "{id}"
            );
            let expect = &scenario.expect;
            let hosted = scenario.completion == Completion::Hosted;
            assert!(expect.approved.is_some() && expect.eci.is_some() && expect.cryptogram.is_some(), "{id}");
            assert!(expect.response_code.is_some() && expect.status_reason.is_some(), "{id}");
            assert!(expect.next_actions.is_some(), "{id}");
            assert!(expect.callbacks.is_some_and(|count| !hosted || count == 0), "{id}");
            assert_eq!(expect.returned_to.is_some(), hosted && expect.status != "expired", "{id}");
            assert!(scenario.explain.plain.ends_with('.') && scenario.explain.advice.ends_with('.'), "{id}");
        }
    }

    /// Source: emv-3ds.md 6.3. Further files of a case have its id and a word: `S021-MC`.
    #[test]
    fn the_catalogue_is_there_and_nothing_else() {
        let parts = [1..=18, 21..=79, 81..=86, 91..=97, 101..=117, 121..=131, 141..=150];
        let catalogue: BTreeSet<String> = parts.into_iter().flatten().map(|number| format!("S{number:03}")).collect();
        assert_eq!(catalogue.len(), 128);
        let deck = all();
        let plain = |id: &&str| id.len() == 4 && id.starts_with('S');
        let there: BTreeSet<String> =
            deck.iter().map(|scenario| scenario.id.as_str()).filter(plain).map(str::to_owned).collect();
        let (missing, strange): (Vec<_>, Vec<_>) =
            (catalogue.difference(&there).collect(), there.difference(&catalogue).collect());
        assert!(missing.is_empty() && strange.is_empty(), "missing {missing:?}, strange {strange:?}");
        let case = |id: &str| id.split('-').next().is_some_and(|case| catalogue.contains(case));
        let more: Vec<&str> = deck.iter().map(|one| one.id.as_str()).filter(|id| !case(id)).collect();
        assert_eq!(more, ["APP-UNREADABLE"], "a case of the contract, not of the catalogue");
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
        assert_eq!((error.place, error.member.as_deref()), (Some((5, 1)), Some("expect.stauts_reason")), "{error}");
        let text = "id = \"X\"\nname = \"x\"\n[expect]\nstatus = 5\n";
        let error = read("mine.toml", text).expect_err("a number");
        assert_eq!((error.place.map(|(line, _)| line), error.member.as_deref()), (Some(4), Some("expect.status")));
    }

    #[test]
    fn a_value_that_makes_no_sense_is_refused_with_its_place() {
        let text = "id = \"X\"\nname = \"x\"\n[expect]\nstatus = \"approved\"\n[[faults]]\nhop = \"ares\"\n\
                    kind = \"drop\"\n[[faults]]\nhop = \"ares\"\nkind = \"status\"\n";
        let error = read("mine.toml", text).expect_err("no status");
        assert_eq!((error.place, error.member.as_deref()), (Some((8, 1)), Some("faults[1]")), "{error}");
        assert!(error.why.contains("status_required"), "{error}");
        for challenge in ["idle_seconds = 9000000000000000000", "pages = []"] {
            let text = format!(
                "{}[issuer.challenge]\n{challenge}\n",
                "id = \"X\"\nname = \"x\"\n[expect]\nstatus = \"approved\"\n"
            );
            assert!(read("mine.toml", &text).is_err(), "{challenge}");
        }
    }

    #[test]
    fn what_is_written_reads_as_the_same() {
        for scenario in all() {
            let text = write(&scenario).expect("it fits a file");
            assert_eq!(read(&scenario.id, &text).expect("it reads"), scenario, "{text}");
        }
    }

    #[test]
    fn own_files_load_beside_ours_and_damaged_ones_say_why() {
        let good = "id = \"OWN\"\nname = \"x\"\n[expect]\nstatus = \"approved\"\n";
        let files = [
            ("a.toml", Ok(good.to_owned())),
            ("b.toml", Ok(good.to_owned())),
            ("c.toml", Ok(good.replace("OWN", "s001"))),
            ("d.toml", Ok("id = ".to_owned())),
            ("e.toml", Err("no permission".to_owned())),
        ];
        let deck = Deck::with(files.map(|(name, text)| (name.to_owned(), text)));
        assert_eq!(deck.scenarios.len(), FILES.len() + 1);
        assert!(deck.own.contains("OWN") && deck.own.len() == 1);
        let damaged: Vec<&str> = deck.damaged.iter().map(|damaged| damaged.name.as_str()).collect();
        assert_eq!(damaged, ["b.toml", "c.toml", "d.toml", "e.toml"]);
        assert!(deck.damaged[1].problem.summary.contains("taken by a scenario of the program"));
    }
}
