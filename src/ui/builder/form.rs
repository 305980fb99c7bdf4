//! A request as a form: groups that fold, one row for each field of the table. Shows what
//! matters first; a field that was asked for from elsewhere is opened, scrolled to and marked.

use std::collections::HashSet;

use egui::{CornerRadius, Id, Role, Sense, Ui, WidgetInfo, pos2, vec2};
use egui_material_icons::icons as i;
use serde::{Deserialize, Serialize};

use super::help::path;
use super::inset;
use super::row::{self, Context, Rows};
use crate::model::draft::Draft;
use crate::model::fields::{Field, Group};
use crate::ui::theme::{self, Tokens};
use crate::ui::widgets;

/// A group of so few fields shows them all.
const FEW: usize = 3;

/// Which parts of the form are open.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub struct Form {
    /// Groups that are folded, by name.
    folded: Vec<String>,
    /// Groups that show their empty fields too, by name.
    whole: Vec<String>,
    /// Fields shown since the start; not kept.
    #[serde(skip)]
    shown: HashSet<Id>,
    /// What the rows remember; not kept.
    #[serde(skip)]
    pub rows: Rows,
}

/// Equal if what is kept is: the settings are saved when that changes.
impl PartialEq for Form {
    fn eq(&self, other: &Self) -> bool {
        (&self.folded, &self.whole) == (&other.folded, &other.whole)
    }
}

impl Default for Form {
    fn default() -> Self {
        let open = [Group::Card, Group::Purchase, Group::Completion, Group::Browser, Group::App, Group::Initiated];
        let later = [Group::Fingerprint, Group::Payment];
        let folded = Group::ALL.into_iter().filter(|group| !open.contains(group) && !later.contains(group));
        Self {
            folded: folded.map(|group| group.names().0.to_owned()).collect(),
            whole: vec![Group::Payment.names().0.to_owned()],
            shown: HashSet::new(),
            rows: Rows::default(),
        }
    }
}

impl Form {
    /// Goes to a field when the form is drawn next.
    pub fn go_to(&mut self, field: &'static Field) {
        let (name, _) = field.group.names();
        self.folded.retain(|folded| folded != name);
        self.shown.insert(row::id(field));
        self.rows.jump = Some(field);
    }

    /// Draws the groups of these fields.
    pub fn ui(&mut self, ui: &mut Ui, fields: &[&'static Field], draft: &mut Draft, context: &Context<'_>) {
        let tokens = Tokens::of(ui);
        let states = &mut ui.visuals_mut().widgets;
        states.inactive.corner_radius = CornerRadius::same(4);
        states.hovered.corner_radius = CornerRadius::same(4);
        states.inactive.weak_bg_fill = tokens.field;
        states.hovered.weak_bg_fill = tokens.field;
        for group in Group::ALL {
            let of_group: Vec<&'static Field> = fields.iter().copied().filter(|field| field.group == group).collect();
            if !of_group.is_empty() {
                self.group_ui(ui, group, &of_group, draft, context);
            }
        }
        if self.rows.jump.is_some_and(|field| !fields.iter().any(|one| std::ptr::eq(*one, field))) {
            self.rows.jump = None; // the draft changed its shape meanwhile
        }
        if let Some(fix) = self.rows.fix.take() {
            draft.apply(&fix);
        }
    }

    fn group_ui(
        &mut self,
        ui: &mut Ui,
        group: Group,
        of_group: &[&'static Field],
        draft: &mut Draft,
        context: &Context<'_>,
    ) {
        let (name, wire) = group.names();
        let open = !self.folded.iter().any(|folded| folded == name);
        let count = of_group.iter().filter(|field| row::filled(draft, field)).count();
        let found = of_group.iter().map(|field| context.of(draft, field).count()).sum();
        let changed = of_group.iter().any(|field| row::changed(draft, field, context.base));
        widgets::hline(ui);
        let head = Head { open, name, wire, count: &format!("{count} of {}", of_group.len()), found };
        match head_ui(ui, &head, changed) {
            Some(Clicked::Fold) => toggle(&mut self.folded, name),
            Some(Clicked::Reset) => {
                for field in of_group {
                    draft.set(field, context.base.get(field).cloned());
                }
            }
            None => (),
        }
        if !open {
            return;
        }
        let few = of_group.len() <= FEW;
        let whole = few || self.whole.iter().any(|whole| whole == name);
        let matters = |field: &&&Field| {
            let said = row::filled(draft, field) || context.of(draft, field).next().is_some();
            whole || said || row::needed(draft, field) || self.shown.contains(&row::id(field))
        };
        let rows: Vec<&'static Field> = of_group.iter().filter(matters).copied().collect();
        // A row does not vanish while somebody empties it to type something else.
        self.shown.extend(rows.iter().filter(|field| row::filled(draft, field)).map(|field| row::id(field)));
        let hidden = of_group.len() - rows.len();
        inset(ui, |ui| {
            rows_ui(ui, &rows, draft, context, &mut self.rows);
            if (hidden > 0 || whole) && !few {
                let label = if whole { "Only what is set".into() } else { format!("{hidden} more") };
                let link = widgets::link(ui, &label);
                widgets::name(&link, &format!("{label} in {name}"));
                if link.clicked() {
                    self.shown.retain(|shown| !of_group.iter().any(|field| row::id(field) == *shown));
                    toggle(&mut self.whole, name);
                }
            }
        });
        ui.add_space(6.0);
    }
}

fn toggle(names: &mut Vec<String>, name: &str) {
    match names.iter().position(|one| one == name) {
        Some(place) => drop(names.remove(place)),
        None => names.push(name.to_owned()),
    }
}

struct Head<'a> {
    open: bool,
    name: &'a str,
    wire: &'a str,
    count: &'a str,
    found: usize,
}

enum Clicked {
    Fold,
    Reset,
}

/// A group's head, 28 high: a click folds it; at its end the way back to the defaults.
fn head_ui(ui: &mut Ui, head: &Head<'_>, changed: bool) -> Option<Clicked> {
    let tokens = Tokens::of(ui);
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, theme::FORM_ROW), Sense::click());
    response.widget_info(|| WidgetInfo::selected(Role::DisclosureTriangle, true, head.open, head.name));
    if response.hovered() {
        ui.painter().rect_filled(rect, 0.0, tokens.bg2);
    }
    let sign = if head.open { i::ICON_EXPAND_MORE } else { i::ICON_CHEVRON_RIGHT }.outlined();
    let painter = ui.painter();
    let mut x = rect.left() + theme::PADDING - 2.0;
    let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 16.0), tokens.text_second);
    let at = |x: f32, height: f32| pos2(x, rect.center().y - height / 2.0);
    painter.galley(at(x, sign.size().y), sign, tokens.text_second);
    x += 20.0;
    let name = widgets::line_of(ui, head.name, theme::words(theme::BODY), tokens.text);
    let step = name.size().x + 8.0;
    widgets::paint_emphasis(painter, at(x, name.size().y), name, tokens.text);
    let count = widgets::line_of(ui, head.count, theme::words(theme::SMALL), tokens.muted);
    let mut right = rect.right() - theme::PADDING - count.size().x;
    painter.galley(at(right, count.size().y), count, tokens.muted);
    if head.found > 0 {
        let text = widgets::line_of(ui, &head.found.to_string(), theme::words(theme::SMALL), tokens.warning.ink);
        let sign = i::ICON_WARNING.outlined();
        let sign = widgets::line_of(ui, sign.codepoint, theme::icon(sign, 14.0), tokens.warning.ink);
        right -= text.size().x + 10.0;
        painter.galley(at(right, text.size().y), text, tokens.warning.ink);
        right -= sign.size().x + 3.0;
        painter.galley(at(right, sign.size().y), sign, tokens.warning.ink);
    }
    let mut reset = false;
    if changed {
        right -= theme::TARGET + 4.0;
        let place = egui::Rect::from_min_size(pos2(right, rect.center().y - 12.0), egui::Vec2::splat(theme::TARGET));
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(place).id_salt(("reset", head.name)));
        let button = widgets::icon_button(&mut child, i::ICON_UNDO.outlined(), &format!("Reset {}", head.name));
        reset = button.on_hover_text("All fields of this group as in a fresh draft").clicked();
    }
    let wire = widgets::line_of(ui, head.wire, theme::code(theme::SMALL), tokens.muted);
    if x + step + wire.size().x < right - 6.0 {
        ui.painter().galley(at(x + step, wire.size().y), wire, tokens.muted);
    }
    widgets::focus_ring(ui, rect.shrink(3.0), &response);
    match (reset, response.clicked()) {
        (true, _) => Some(Clicked::Reset),
        (false, true) => Some(Clicked::Fold),
        (false, false) => None,
    }
}

fn rows_ui(ui: &mut Ui, fields: &[&'static Field], draft: &mut Draft, context: &Context<'_>, rows: &mut Rows) {
    let mut parent = String::new();
    let mut fields = fields.iter().copied().peekable();
    while let Some(field) = fields.next() {
        let path = path(field);
        let above = path.rsplit_once('.').map_or("", |(above, _)| above);
        let own = field.group.names().1;
        if above != parent {
            parent = above.to_owned();
            if !parent.is_empty() && parent != own {
                widgets::mono(ui, &parent, Tokens::of(ui).muted);
            }
        }
        let pair = fields.next_if(|next| field.name() == "expiry_month" && next.name() == "expiry_year");
        match pair {
            Some(year) => row::expiry_ui(ui, (field, year), draft, context, rows),
            None => row::ui(ui, field, draft, context, rows),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_gone_to_is_opened_and_remembered_groups_keep_their_names() {
        let mut form = Form::default();
        let field = crate::model::fields::FIELDS.iter().find(|field| field.name() == "shipping_address_age");
        let field = field.expect("in the table");
        assert!(form.folded.iter().any(|folded| folded == field.group.names().0));
        form.go_to(field);
        assert!(!form.folded.iter().any(|folded| folded == field.group.names().0));
        let kept: Form = serde_json::from_value(serde_json::to_value(&form).expect("JSON")).expect("JSON");
        assert_eq!(kept, form);
    }
}
