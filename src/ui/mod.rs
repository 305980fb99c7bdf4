//! What is on the screen.

pub mod inspector;
pub mod theme;
pub mod timeline;
pub mod widgets;
