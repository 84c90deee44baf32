//! The file that `init` writes: commented, for whoever goes on from there by hand.

use std::fmt::Write;
use std::path::Path;

use crate::config::{CrmPlan, NotionPlan, Secret};
use crate::mapping::{Direction, FieldSpec};

use super::super::table::plain;
use super::access::{Known, Plans};
use super::choose::{Chosen, text_of};

/// What of the file is about connections and places.
pub struct Written<'a> {
    /// Where state lies, if not in the usual place.
    pub state: Option<&'a Path>,
    /// Plans and addresses.
    pub plans: &'a Plans,
    /// The CRM's secret.
    pub crm: &'a Secret,
    /// The application whose secret that is, if it is one's.
    pub application: Option<&'a Known>,
    /// Notion's.
    pub notion: &'a Secret,
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A text in a comment: one line, whatever is in it.
fn comment(text: &str) -> String {
    plain(text)
}

fn secret(secret: &Secret) -> String {
    match secret {
        Secret::Env(name) => format!("{{ env = {} }}", quoted(name)),
        Secret::File(path) => format!("{{ file = {} }}", quoted(&path.display().to_string())),
        Secret::Sealed(name) => format!("{{ secret = {} }}", quoted(name)),
    }
}

fn where_it_is(secret: &Secret) -> &'static str {
    match secret {
        Secret::Env(_) => "in the environment of whoever runs crosstie",
        Secret::File(_) => "in a file that nobody else should be able to read",
        Secret::Sealed(_) => "sealed on this host; `crosstie secret` lists and changes such",
    }
}

/// The whole file.
pub fn write(about: &Written<'_>, chosen: &[Chosen]) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let _ = connections(&mut out, about);
    for one in chosen {
        let _ = pair(&mut out, one);
    }
    out
}

fn connections(out: &mut String, about: &Written<'_>) -> std::fmt::Result {
    writeln!(
        out,
        "# crosstie: what is kept in step, and how. Written by `crosstie init`; yours from now on.\n# `crosstie check` tests \
         this file and writes nothing; `crosstie example` shows everything that can be said here.\n"
    )?;
    if let Some(state) = about.state {
        writeln!(
            out,
            "# Where the store, the journal and sealed secrets lie.\nstate_dir = {}\n",
            quoted(&state.display().to_string())
        )?;
    }
    writeln!(out, "[crm]\nsystem = \"bitrix24\"")?;
    match about.application {
        None => {
            writeln!(out, "# The inbound webhook's URL, {}.", where_it_is(about.crm))?;
            writeln!(out, "webhook = {}", secret(about.crm))?;
        }
        Some(known) => {
            writeln!(
                out,
                "# A local application. Its client secret is {}; its tokens\n# are sealed on this host and renewed by \
                 themselves. `crosstie authorize bitrix24` lets it in again, should the portal ask for that.",
                where_it_is(about.crm)
            )?;
            let (id, portal) = (quoted(&known.client_id), quoted(&known.portal));
            writeln!(out, "oauth = {{ client_id = {id}, client_secret = {}, portal = {portal} }}", secret(about.crm))?;
        }
    }
    if let Some(base) = &about.plans.crm_base {
        writeln!(out, "# Not the portal's own scheme and host: a stand-in, a proxy.\nbase_url = {}", quoted(base))?;
    }
    match about.plans.crm {
        CrmPlan::Enterprise => writeln!(out, "plan = \"enterprise\"")?,
        CrmPlan::Standard => {
            writeln!(out, "# plan = \"enterprise\"      # on that tariff: 5 requests a second instead of 2")?
        }
    }
    writeln!(out, "\n[notion]\n# The connection's token, {}.", where_it_is(about.notion))?;
    writeln!(out, "token = {}", secret(about.notion))?;
    if let Some(base) = &about.plans.notion_base {
        writeln!(out, "# Not Notion's own address: a stand-in, a proxy.\nbase_url = {}", quoted(base))?;
    }
    match about.plans.notion {
        NotionPlan::Business => writeln!(out, "plan = \"business\""),
        NotionPlan::Standard => {
            writeln!(
                out,
                "# plan = \"business\"        # on Business and Enterprise: 600 requests a minute instead of 180"
            )
        }
    }
}

fn pair(out: &mut String, one: &Chosen) -> std::fmt::Result {
    let (spec, proposal) = (&one.proposal.spec, &one.proposal);
    writeln!(out, "\n# {} in the CRM, {} in Notion.", comment(&one.crm.title), comment(&one.notion.title))?;
    writeln!(out, "[[pair]]\nname = {}\ncrm = {}", quoted(spec.name.as_str()), quoted(&spec.crm))?;
    writeln!(out, "data_source = {}", quoted(&spec.data_source))?;
    writeln!(out, "marker = {}    # a text property that crosstie owns", quoted(spec.marker.as_str()))?;
    let keys: Vec<String> = spec.match_by.iter().map(|key| quoted(key.as_str())).collect();
    writeln!(out, "match_by = [{}]    # how records on both sides find each other, best first", keys.join(", "))?;
    writeln!(out, "create = {}    # both, crm-to-notion, notion-to-crm or none", quoted(text_of(spec.create)))?;
    writeln!(out, "delete = \"untie\"    # or \"propagate\": into the trash on the other side too")?;
    for (field, proposed) in spec.fields.iter().zip(&proposal.fields) {
        writeln!(out)?;
        let lossy = proposed.lossy.map_or_else(String::new, |why| format!("; {}", comment(why)));
        writeln!(out, "# {} of 100 sure{lossy}", proposed.score)?;
        if !proposed.unmatched.is_empty() {
            let options = comment(&proposed.unmatched.join(", "));
            writeln!(
                out,
                "# Without an option in Notion, so values with one are held until `values` names one: {options}"
            )?;
        }
        self::field(out, field)?;
    }
    if !proposal.left.is_empty() {
        writeln!(out, "\n# Properties without a counterpart:")?;
        for left in &proposal.left {
            writeln!(out, "#   {}: {}", comment(left.name.as_str()), comment(&left.why))?;
        }
    }
    if !proposal.unused.is_empty() {
        writeln!(out, "\n# CRM fields that could be mapped and are not:")?;
        for (name, label) in &proposal.unused {
            writeln!(out, "#   {} ({})", comment(name.as_str()), comment(label))?;
        }
    }
    Ok(())
}

fn field(out: &mut String, field: &FieldSpec) -> std::fmt::Result {
    writeln!(out, "[[pair.field]]\ncrm = {}\nnotion = {}", quoted(field.crm.as_str()), quoted(field.notion.as_str()))?;
    if field.direction != Direction::Both {
        writeln!(out, "direction = {}", quoted(field.direction.as_str()))?;
    }
    if let Some(relation) = &field.relation {
        writeln!(out, "relation = {}", quoted(relation.as_str()))?;
    }
    if !field.values.is_empty() {
        let values: Vec<String> =
            field.values.iter().map(|(crm, notion)| format!("{} = {}", quoted(crm), quoted(notion))).collect();
        writeln!(out, "values = {{ {} }}", values.join(", "))?;
    }
    Ok(())
}
