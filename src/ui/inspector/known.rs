//! What the program knows of a body's members: their meaning, the lens that reads them, what an
//! identifier names. Joins the body viewer to the dictionaries and to the run's record.

use egui::Ui;

use super::body::{Body, Explained, Hooks};
use super::tabs::Tab;
use super::{Panel, Row};
use crate::model::body::{Kind, Tree};
use crate::model::meaning::{self, Doc, Member};
use crate::model::trace::{self, Part};
use crate::model::{lens, payload, why};
use crate::ui::link::Link;

/// Longest value that is explained, in bytes.
const LONGEST: usize = payload::MAX_BYTES / 16;

/// Members of an object among which a neighbour is looked for.
const FEW: u32 = 200;

impl Panel {
    /// Draws a body of this row, with what is known of its members.
    pub(super) fn body_ui(&mut self, ui: &mut Ui, row: &Row<'_>, tab: Tab, what: &str, read: impl FnOnce() -> Body) {
        let part = if tab == Tab::Response { Part::Response } else { Part::Request };
        let explain = |tree: &Tree, node: u32| explained(row, part, tree, node);
        let names = |value: &str| trace::find(row.workspace, value).map(|(run, spot)| Link::Spot(run, spot));
        let mut hooks = Hooks::default();
        hooks.explain = Some(&explain);
        hooks.peek = Some(&lens::peek);
        hooks.names = Some(&names);
        let wanted = self
            .wanted
            .take_if(|(run, spot)| *run == row.run.id && spot.entry == row.entry.number && spot.part == part);
        let (body, view) = self.body(row.key(tab), read);
        if let Some(path) = wanted.and_then(|(_, spot)| spot.path) {
            body.reveal(&path);
        }
        body.ui_with(ui, view, what, &mut hooks);
        self.links.append(&mut hooks.links);
    }
}

/// What a member says, in full.
fn explained(row: &Row<'_>, part: Part, tree: &Tree, node: u32) -> Option<Explained> {
    if tree.index.holds(node) || tree.raw(node).len() > LONGEST {
        return None;
    }
    let doc = Doc::of(&row.entry.what, part)?;
    let (path, value) = (tree.path(node), tree.value(node));
    let few = |parent: &u32| tree.index.members(*parent).is_some_and(|count| count <= FEW);
    let parent = tree.index.parent(node).filter(few);
    let beside = |name: &str| parent.and_then(|parent| tree.child(parent, name));
    let word = |name: &str| beside(name).map(|node| tree.value(node)).unwrap_or_default();
    let (scheme, currency) = (word("scheme"), word("currency"));
    let text = tree.index.kind(node) == Kind::Text;
    let member = Member { doc, path: &path, value: &value, text, scheme: &scheme, currency: &currency };
    let told = meaning::of_member(&member)?;
    let sentences = [told.says.as_str(), told.act.as_str()];
    let sentence: Vec<&str> = sentences.into_iter().filter(|sentence| !sentence.is_empty()).collect();
    let name = tree.key(node).unwrap_or_default();
    let limits = [told.limits, told.need].into_iter().filter(|words| !words.is_empty());
    let limits: Vec<String> = limits.map(|words| format!("{name} {words}")).collect();
    let origin = trace::origin(row.run, &name, &value, row.entry.number);
    let mut links = Vec::new();
    if let Some(question) = why::question_of(row.entry.number, &path) {
        links.push(("Why?".into(), Link::Why(row.run.id, question)));
    }
    let from = origin.as_ref().map(|spot| format!("from {}", trace::told(row.run, spot)));
    if let Some(spot) = origin {
        let shown = row.run.entries.numbered(spot.entry).map_or("it".into(), |entry| why::row_name(&entry.what));
        links.push((format!("Show {shown}"), Link::Spot(row.run.id, spot)));
    }
    Some(Explained {
        title: told.title,
        sentence: sentence.join(" "),
        // A fault of a value's form says the limits.
        limits: (told.wrong.is_none() && told.allowed.is_empty() && !limits.is_empty()).then(|| limits.join("; ")),
        wrong: told.wrong,
        allowed: told.allowed,
        elsewhere: told.elsewhere,
        from,
        links,
    })
}
