//! An address in one line, so that a swapped host is seen: scheme, host and path apart,
//! user-info flagged, a button that copies it. Source: trust.md R46. Opens nothing.

use egui::{Align, Label, Layout, RichText, Ui};

use super::theme::{self, Tokens, Tone};
use super::timeline::rows::middle_cut;
use super::widgets::{self, display_text};

/// Characters of a host that are kept at its start and at its end.
const HOST_SHOWN: usize = 40;

/// Draws it in what is left of the line, the copy button at its right end. `what` names
/// it for that button; `before` stands in front of it: the method of a request.
pub fn ui(ui: &mut Ui, what: &str, before: &str, url: &str) {
    let tokens = Tokens::of(ui);
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(cut);
    ui.spacing_mut().item_spacing.x = 0.0;
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        widgets::copy_button(ui, what, url);
        if authority.contains('@') {
            widgets::pill_with(ui, Tone::Warning, None, "carries user-info", 17.0);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if !before.is_empty() {
                widgets::mono(ui, &display_text(&format!("{before} ")), tokens.text);
            }
            widgets::mono(ui, &display_text(&format!("{scheme}://")), tokens.muted);
            let host = display_text(&middle_cut(authority, HOST_SHOWN, HOST_SHOWN));
            widgets::emphasis_with(ui, &host, theme::code(theme::CODE), tokens.text);
            let path = RichText::new(display_text(path)).font(theme::code(theme::CODE)).color(tokens.text_second);
            ui.add(Label::new(path).truncate()).on_hover_text(display_text(url));
        });
    });
}
