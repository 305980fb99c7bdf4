//! What is remembered between starts: settings, profiles without secrets, view state.

use serde::{Deserialize, Serialize};

use super::profile::{Profile, ProfileId};

/// Which of the two looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    /// Dark.
    #[default]
    Dark,
    /// Light.
    Light,
}

/// How a run goes from step to step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pace {
    /// Runs to the end by itself.
    #[default]
    Auto,
    /// Stops before every step.
    Manual,
}

/// How the shop's page hands the browser over to the bank. Source: emv-3ds.md 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOff {
    /// A frame of the declared size: the protocol's way.
    #[default]
    Frame,
    /// A window of its own.
    Window,
    /// The bank's page in place of the shop's.
    Page,
}

/// What the shop's own content security policy lets its page do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShopPolicy {
    /// Frames and forms may lead to the bank.
    #[default]
    Usual,
    /// Frames and forms stay with the shop, so that the bank is kept out: a common mistake.
    Strict,
}

/// All that the settings file holds. Unknown members of a newer file are dropped,
/// missing ones get their default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Dark or light.
    pub theme: Theme,
    /// 1.0 is 100 %.
    pub zoom: f32,
    /// Auto or manual.
    pub pace: Pace,
    /// True: the run stops where the shopper must act, and offers the three ways.
    pub answer_myself: bool,
    /// How the shop's page shows the bank's.
    pub hand_off: HandOff,
    /// What the shop's page may do.
    pub shop_policy: ShopPolicy,
    /// Show the messages that only the sandbox can show.
    pub hidden_messages: bool,
    /// The profiles, secrets not among them.
    pub profiles: Vec<Profile>,
    /// The one in use.
    pub active_profile: ProfileId,
    /// The window's own state: panel widths, open tabs, drafts. Read only by `ui`.
    pub view: serde_json::Value,
}

impl Default for Settings {
    fn default() -> Self {
        let embedded = Profile::embedded();
        Self {
            theme: Theme::Dark,
            zoom: 1.0,
            pace: Pace::Auto,
            answer_myself: false,
            hand_off: HandOff::default(),
            shop_policy: ShopPolicy::default(),
            hidden_messages: true,
            active_profile: embedded.id.clone(),
            profiles: vec![embedded],
            view: serde_json::Value::Null,
        }
    }
}
