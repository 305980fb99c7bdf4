//! Code in nine languages by its only proof: it is run, and a bare server looks at the bytes
//! that arrive. A language whose tool is not on this machine says so and passes, unless
//! SESSIONS_CONSOLE_SDK_TESTS=required names it as one that `.ci/run` installs.

#[path = "export/literals.rs"]
mod literals;
#[path = "export/same_bytes.rs"]
mod same_bytes;
#[path = "export/tools.rs"]
mod tools;
