//! What the user can ask for: one table of label, shortcut and «may it run now, and if not
//! why», used by buttons, keys and the overlay of keys. Knows nothing of how it is done.

use egui::{Key, KeyboardShortcut, Modifiers, Ui};

use crate::model::Workspace;
use crate::model::profile::Environment;

/// One thing that can be asked for by key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Act {
    /// Start a run with the draft.
    Run,
    /// Run the draft on each version, one after the other.
    RunVersions,
    /// Stop the newest run.
    Cancel,
    /// Show all test cards.
    TestCards,
    /// Show builder, timeline and inspector.
    Sessions,
    /// Show the other side.
    Sandbox,
    /// Show the draft as form or as JSON.
    FormOrJson,
    /// Take the draft's newest change back.
    Undo,
    /// Do it again.
    Redo,
    /// Show every field of the contract.
    AllFields,
    /// Read a body from a file.
    OpenBody,
    /// Write the body to a file.
    SaveBody,
    /// Show any moment of the session.
    Moments,
    /// Ask why the selected row, or the session, came out as it did.
    Why,
    /// Look at a file of any size.
    InspectFile,
    /// Show all keys.
    Keys,
    /// Larger.
    ZoomIn,
    /// Smaller.
    ZoomOut,
    /// 100 %.
    ZoomReset,
}

/// A row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// What it is.
    pub act: Act,
    /// What its button says.
    pub label: &'static str,
    /// Its key, as drawn in a key cap.
    pub cap: &'static str,
    /// Its keys; any of them does it.
    pub keys: &'static [KeyboardShortcut],
}

const fn with_ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

const fn plain(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// The other key for doing again what was undone.
const AGAIN: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z);

/// The key that opens a file to be looked at.
const INSPECT: KeyboardShortcut = KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::O);

/// The table.
pub const TABLE: &[Entry] = &[
    Entry { act: Act::Run, label: "Run", cap: "Ctrl ⏎", keys: &[with_ctrl(Key::Enter)] },
    Entry { act: Act::RunVersions, label: "Run on all versions", cap: "F8", keys: &[plain(Key::F8)] },
    Entry { act: Act::Cancel, label: "Cancel", cap: "Esc", keys: &[plain(Key::Escape)] },
    Entry { act: Act::TestCards, label: "All test cards", cap: "Ctrl T", keys: &[with_ctrl(Key::T)] },
    Entry { act: Act::Sessions, label: "Sessions", cap: "Ctrl 1", keys: &[with_ctrl(Key::Num1)] },
    Entry { act: Act::Sandbox, label: "Sandbox", cap: "Ctrl 2", keys: &[with_ctrl(Key::Num2)] },
    Entry { act: Act::FormOrJson, label: "Form or JSON", cap: "Ctrl J", keys: &[with_ctrl(Key::J)] },
    Entry { act: Act::AllFields, label: "All fields", cap: "F2", keys: &[plain(Key::F2)] },
    Entry { act: Act::Undo, label: "Undo in the draft", cap: "Ctrl Z", keys: &[with_ctrl(Key::Z)] },
    Entry { act: Act::Redo, label: "Redo in the draft", cap: "Ctrl Y", keys: &[with_ctrl(Key::Y), AGAIN] },
    Entry { act: Act::OpenBody, label: "Open…", cap: "Ctrl O", keys: &[with_ctrl(Key::O)] },
    Entry { act: Act::SaveBody, label: "Save…", cap: "Ctrl S", keys: &[with_ctrl(Key::S)] },
    Entry { act: Act::Moments, label: "Moments", cap: "T", keys: &[plain(Key::T)] },
    Entry { act: Act::Why, label: "Why?", cap: "W", keys: &[plain(Key::W)] },
    Entry { act: Act::InspectFile, label: "Inspect a file…", cap: "Ctrl ⇧ O", keys: &[INSPECT] },
    Entry { act: Act::Keys, label: "Keys", cap: "F1", keys: &[plain(Key::F1), plain(Key::Questionmark)] },
    Entry { act: Act::ZoomIn, label: "Larger", cap: "Ctrl +", keys: &[with_ctrl(Key::Plus), with_ctrl(Key::Equals)] },
    Entry { act: Act::ZoomOut, label: "Smaller", cap: "Ctrl -", keys: &[with_ctrl(Key::Minus)] },
    Entry { act: Act::ZoomReset, label: "100 %", cap: "Ctrl 0", keys: &[with_ctrl(Key::Num0)] },
];

/// The row of an act.
pub fn entry(act: Act) -> &'static Entry {
    let place = TABLE.iter().position(|entry| entry.act == act);
    place.and_then(|place| TABLE.get(place)).expect("every act stands in the table; a test walks it")
}

/// Why an act cannot be done now; `None` if it can.
pub fn why_not(act: Act, workspace: &Workspace) -> Option<&'static str> {
    match act {
        Act::Run if workspace.profile().is_none() => Some("Choose a profile under Credentials first"),
        Act::RunVersions if !embedded(workspace) => {
            Some("Only the embedded sandbox can be told which version to speak")
        }
        Act::Cancel if !running(workspace) => Some("Nothing is running"),
        Act::Why if workspace.runs.values().all(|run| run.entries.is_empty()) => Some("Nothing to ask about yet"),
        _ => None,
    }
}

fn embedded(workspace: &Workspace) -> bool {
    workspace.profile().is_some_and(|profile| profile.environment == Environment::Embedded)
}

/// True while the newest run is open.
pub fn running(workspace: &Workspace) -> bool {
    workspace.newest_run().is_some_and(|run| run.is_open())
}

/// What has a key before the window has it.
#[derive(Debug, Clone, Copy)]
pub struct Taken {
    /// Esc: something lies over the window, or a text is under the pen.
    pub escape: bool,
    /// Esc: something lies over the inspector, and goes back to the row; or the shopper's device
    /// is answered, where a run must not end by accident.
    pub back: bool,
    /// Undo and redo: a text that is none of the draft's is under the pen.
    pub undo: bool,
}

/// The acts whose keys were pressed and that can be done now. Takes those keys, so that no
/// widget sees them. Keys without Ctrl are dead while typing, function keys excepted; Esc
/// belongs first to what has it: a text under the pen, a menu, a window.
pub fn pressed(ui: &Ui, workspace: &Workspace, taken: Taken) -> Vec<Act> {
    let typing = ui.ctx().text_edit_focused();
    // The context's own question is about popups drawn in this pass: none so far.
    let menu = taken.escape || egui::Popup::is_any_open(ui.ctx());
    let mut acts = Vec::new();
    for entry in TABLE {
        for key in entry.keys {
            let bare = key.modifiers.is_none() && !matches!(key.logical_key, Key::F1 | Key::F2 | Key::F8);
            let undo = matches!(entry.act, Act::Undo | Act::Redo) && taken.undo;
            let back = key.logical_key == Key::Escape && taken.back;
            if undo || back || bare && (typing || menu) || why_not(entry.act, workspace).is_some() {
                continue;
            }
            // egui lets Ctrl+Enter match Ctrl+Shift+Enter, which pays; plus needs Shift on many keyboards.
            let shifted = ui.input(|input| input.modifiers.shift) && !key.modifiers.shift;
            if shifted && !matches!(key.logical_key, Key::Plus | Key::Equals | Key::Questionmark) {
                continue;
            }
            if ui.input_mut(|input| input.consume_shortcut(key)) && !acts.contains(&entry.act) {
                acts.push(entry.act);
            }
        }
    }
    acts
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_two_acts_share_a_key_and_every_act_has_a_row() {
        let mut keys = HashSet::new();
        let mut labels = HashSet::new();
        for row in TABLE {
            assert_eq!(entry(row.act).label, row.label);
            assert!(labels.insert(row.label), "{}", row.label);
            assert!(!row.keys.is_empty());
            for key in row.keys {
                assert!(keys.insert(*key), "{key:?} of {:?} is taken", row.act);
            }
        }
        for act in [
            Act::Run,
            Act::RunVersions,
            Act::Cancel,
            Act::TestCards,
            Act::Sessions,
            Act::Sandbox,
            Act::FormOrJson,
            Act::Undo,
            Act::Redo,
            Act::AllFields,
            Act::OpenBody,
            Act::SaveBody,
            Act::InspectFile,
            Act::Moments,
            Act::Why,
            Act::Keys,
            Act::ZoomIn,
            Act::ZoomOut,
            Act::ZoomReset,
        ] {
            assert_eq!(entry(act).act, act);
        }
    }
}
