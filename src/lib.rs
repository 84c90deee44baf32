//! crosstie keeps a Notion workspace and a CRM in step, both ways, field by field.
pub mod control;
pub mod model;
pub mod seam;
pub mod tui;
