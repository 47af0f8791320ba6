//! Standing or excessive access: whoever holds it holds all of staging, and often more.

pub(super) mod kubernetes;
