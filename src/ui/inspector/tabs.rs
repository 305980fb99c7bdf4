//! Which pages a row has, and the way from one to the other. All eight stand there in the same
//! order for every row; what a row does not have is dimmed and says why. What does not fit
//! goes into «More».

use egui::{Id, Key, Modifiers, Popup, Rect, Ui};
use egui_material_icons::icons as i;

use super::strip;
use crate::model::run::What;
use crate::ui::theme::{self, Tokens, Tone};
use crate::ui::widgets;

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// What the row is, in plain words.
    Explain,
    /// What was sent; for what was received, what came.
    Request,
    /// What came back; for what was received, what we answered.
    #[default]
    Response,
    /// Header lines of both.
    Headers,
    /// Where the time went.
    Timing,
    /// What the lens reads.
    Decoded,
    /// What the row shows that a tester should know.
    Findings,
    /// As a command.
    Code,
}

impl Tab {
    /// All of them, in the order shown.
    pub const ALL: [Self; 8] = [
        Self::Explain,
        Self::Request,
        Self::Response,
        Self::Headers,
        Self::Timing,
        Self::Decoded,
        Self::Findings,
        Self::Code,
    ];

    /// The word on it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Explain => "Explain",
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Headers => "Headers",
            Self::Timing => "Timing",
            Self::Decoded => "Decoded",
            Self::Findings => "Findings",
            Self::Code => "Code",
        }
    }

    /// Why a row does not have it; `None` if it does.
    pub fn why_not(self, what: &What) -> Option<&'static str> {
        match (self, what) {
            (Self::Explain | Self::Findings, _) | (_, What::Exchange(_)) => None,
            (Self::Code, What::Delivery(_)) => {
                Some("It came in; Callbacks, Replay sends it again as it was, or as you change it")
            }
            (_, What::Delivery(_)) => None,
            (Self::Response, What::Scheme(_)) => Some("The answer to a hidden message is a row of its own"),
            (Self::Headers | Self::Code, What::Scheme(_)) => {
                Some("The sandbox hands hidden messages over without HTTP; there is nothing but the message")
            }
            (_, What::Scheme(_)) => None,
            (Self::Timing, _) => None,
            (Self::Decoded, What::Phone(_)) => Some("A message to a phone carries nothing that is encoded"),
            _ => Some("Nothing was sent or received in this row"),
        }
    }
}

/// What stands after a tab's word.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counts {
    /// What the lens found.
    pub decoded: usize,
    /// What there is to say.
    pub findings: usize,
    /// How grave the gravest of it is.
    pub gravity: Tone,
}

impl Counts {
    fn of(self, tab: Tab) -> Option<usize> {
        let count = match tab {
            Tab::Decoded => self.decoded,
            Tab::Findings => self.findings,
            _ => 0,
        };
        (count > 0).then_some(count)
    }

    /// The same with its tone: only what is found has one.
    fn toned(self, tab: Tab) -> Option<(usize, Tone)> {
        let tone = if tab == Tab::Findings { self.gravity } else { Tone::Neutral };
        self.of(tab).map(|count| (count, tone))
    }
}

/// The open tab, kept from row to row; of what was sent the answer is wanted first, of what
/// came in what came.
#[derive(Debug)]
pub(super) struct Chosen {
    sent: Tab,
    came: Tab,
}

impl Default for Chosen {
    fn default() -> Self {
        Self { sent: Tab::Response, came: Tab::Request }
    }
}

impl Chosen {
    /// Opens a tab for this kind of row, and for all others if it is none of bytes.
    pub fn choose(&mut self, tab: Tab, what: &What) {
        let bytes = matches!(tab, Tab::Request | Tab::Response);
        if !bytes || matches!(what, What::Exchange(_)) {
            self.sent = tab;
        }
        if !bytes || !matches!(what, What::Exchange(_)) {
            self.came = tab;
        }
    }

    /// Opens a tab, whatever row comes next.
    pub fn show(&mut self, tab: Tab) {
        (self.sent, self.came) = (tab, tab);
    }

    /// The page that is shown for a row.
    pub fn shown(&self, what: &What) -> Tab {
        match what {
            What::Exchange(_) => self.sent,
            What::Delivery(_) | What::Scheme(_) if self.came.why_not(what).is_none() => self.came,
            What::Delivery(_) | What::Scheme(_) => Tab::Request,
            _ if self.came.why_not(what).is_none() => self.came,
            _ => Tab::Explain,
        }
    }

    /// Draws the tabs. Returns the page to draw.
    pub fn ui(&mut self, ui: &mut Ui, what: &What, counts: Counts) -> Tab {
        let shown = self.shown(what);
        let mut picked = keys(ui, shown, what);
        strip(ui, 32.0, |ui| {
            let widths = Tab::ALL.map(|tab| widgets::tab_width(ui, tab.name(), counts.of(tab)));
            let (gap, fit) = fitting(&widths, ui.available_width());
            ui.spacing_mut().item_spacing.x = gap;
            let in_sight = in_sight(fit, shown);
            for tab in &in_sight {
                if tab_ui(ui, *tab, *tab == shown, counts.toned(*tab), tab.why_not(what)) {
                    picked = Some(*tab);
                }
            }
            if fit < Tab::ALL.len() {
                more_ui(ui, &in_sight, what, counts, &mut picked);
            }
        });
        widgets::hline(ui);
        if let Some(picked) = picked {
            self.choose(picked, what);
        }
        self.shown(what)
    }
}

/// Width of «More» with its arrow, points.
const MORE: f32 = 52.0;

/// The gap between tabs, and how many fit.
fn fitting(widths: &[f32; 8], room: f32) -> (f32, usize) {
    let all: f32 = widths.iter().sum();
    #[allow(clippy::cast_precision_loss)] // eight
    let gaps = (widths.len() - 1) as f32;
    for gap in [14.0, 12.0, 10.0, 8.0] {
        if all + gaps * gap <= room {
            return (gap, widths.len());
        }
    }
    let mut used = MORE;
    let fit = widths.iter().take_while(|width| {
        used += **width + 8.0;
        used <= room
    });
    (8.0, fit.count().max(1))
}

/// The first that fit; the open one takes the place of the last if it is not among them.
fn in_sight(fit: usize, shown: Tab) -> Vec<Tab> {
    let mut tabs = Tab::ALL[..fit.min(Tab::ALL.len())].to_vec();
    if !tabs.contains(&shown) {
        tabs.pop();
        tabs.push(shown);
    }
    tabs
}

/// One tab. True if it was picked.
fn tab_ui(ui: &mut Ui, tab: Tab, selected: bool, count: Option<(usize, Tone)>, why_not: Option<&str>) -> bool {
    let response = ui.add_enabled_ui(why_not.is_none(), |ui| widgets::tab(ui, selected, tab.name(), count)).inner;
    match why_not {
        Some(why_not) => drop(response.on_disabled_hover_text(why_not)),
        None => return response.clicked(),
    }
    false
}

fn more_ui(ui: &mut Ui, in_sight: &[Tab], what: &What, counts: Counts, picked: &mut Option<Tab>) {
    let tokens = Tokens::of(ui);
    let button = widgets::tab(ui, false, "More", None);
    let arrow = i::ICON_EXPAND_MORE.outlined();
    let galley = widgets::line_of(ui, arrow.codepoint, theme::icon(arrow, 14.0), tokens.text_second);
    let at = egui::pos2(button.rect.right() + 1.0, button.rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(at, galley, tokens.text_second);
    Popup::menu(&button).show(|ui| {
        for tab in Tab::ALL.into_iter().filter(|tab| !in_sight.contains(tab)) {
            let why_not = tab.why_not(what);
            let words = counts.of(tab).map_or_else(|| tab.name().to_owned(), |count| format!("{} {count}", tab.name()));
            let item = ui.add_enabled(why_not.is_none(), egui::Button::new(words));
            let item = match why_not {
                Some(why_not) => item.on_disabled_hover_text(why_not),
                None => item,
            };
            if item.clicked() {
                *picked = Some(tab);
            }
        }
    });
}

/// `1` to `8` and Ctrl+Tab, while the pointer or the focus is in the inspector and no text is
/// under the pen.
fn keys(ui: &Ui, shown: Tab, what: &What) -> Option<Tab> {
    const DIGITS: [Key; 8] = [Key::Num1, Key::Num2, Key::Num3, Key::Num4, Key::Num5, Key::Num6, Key::Num7, Key::Num8];
    if !is_here(ui) {
        return None;
    }
    let had: Vec<Tab> = Tab::ALL.into_iter().filter(|tab| tab.why_not(what).is_none()).collect();
    let typing = ui.ctx().text_edit_focused();
    for (tab, key) in Tab::ALL.into_iter().zip(DIGITS) {
        let free = !typing && had.contains(&tab);
        if free && ui.input_mut(|input| input.modifiers.is_none() && input.consume_key(Modifiers::NONE, key)) {
            return Some(tab);
        }
    }
    let at = had.iter().position(|tab| *tab == shown).unwrap_or_default();
    if ui.input_mut(|input| input.consume_key(Modifiers::CTRL | Modifiers::SHIFT, Key::Tab)) {
        return had.get((at + had.len() - 1) % had.len()).copied();
    }
    let on = ui.input_mut(|input| input.consume_key(Modifiers::CTRL, Key::Tab));
    if on { had.get((at + 1) % had.len()).copied() } else { None }
}

fn is_here(ui: &Ui) -> bool {
    let room: Rect = ui.max_rect();
    let focused = |id: Id| ui.ctx().read_response(id).is_some_and(|response| room.contains(response.rect.center()));
    ui.rect_contains_pointer(room) || ui.memory(|memory| memory.focused()).is_some_and(focused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_tab_is_always_in_sight() {
        assert_eq!(in_sight(8, Tab::Code), Tab::ALL);
        assert_eq!(in_sight(3, Tab::Request), [Tab::Explain, Tab::Request, Tab::Response]);
        assert_eq!(in_sight(3, Tab::Findings), [Tab::Explain, Tab::Request, Tab::Findings]);
    }

    #[test]
    fn the_gap_shrinks_before_tabs_are_hidden() {
        let widths = [40.0; 8];
        assert_eq!(fitting(&widths, 500.0), (14.0, 8));
        assert_eq!(fitting(&widths, 380.0), (8.0, 8));
        assert_eq!(fitting(&widths, 300.0), (8.0, 5));
        assert_eq!(fitting(&widths, 10.0).1, 1);
    }
}
