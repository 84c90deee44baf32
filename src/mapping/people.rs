//! People: native user ids, common lower-case e-mail addresses.
//!
//! Somebody in Notion without an e-mail address that we may see (a bot, a guest, a group), or unknown to the CRM, is
//! foreign: left out of the common value, and carried through every write to Notion. A CRM user who cannot be found in
//! Notion is no such thing: the CRM's responsible person would silently be nobody, so that is refused; unless the mapping has
//! a fallback, a text that says who it is.

use std::collections::BTreeSet;

use super::{FieldMap, Lookup, Unmapped};
use crate::model::{Side, Value};

impl FieldMap {
    /// Whether a side shows its stand-in for nobody: the account that puts itself in charge of what has nobody. Where that is
    /// a person's whom the other side knows, it is that person.
    pub(super) fn is_nobody(&self, side: Side, users: &BTreeSet<String>, lookup: &dyn Lookup) -> bool {
        let stands_in = matches!(&self.info(side).empty_is, Some(Value::People(nobody)) if nobody == users);
        let is_known = |user: &String| {
            lookup.email_of(side, user).is_some_and(|email| lookup.user_of(side.other(), &email).is_some())
        };
        stands_in && !users.iter().any(is_known)
    }

    fn is_foreign_person(&self, side: Side, user: &str, lookup: &dyn Lookup) -> bool {
        match lookup.email_of(side, user) {
            None => true,
            Some(email) => {
                (side == Side::Notion || self.spec.fallback.is_some()) && lookup.user_of(side.other(), &email).is_none()
            }
        }
    }

    pub(super) fn people_to_common(
        &self,
        side: Side,
        users: &BTreeSet<String>,
        lookup: &dyn Lookup,
    ) -> Result<Value, Unmapped> {
        let known = |user: &&String| !self.is_foreign_person(side, user, lookup);
        let emails: BTreeSet<String> =
            users.iter().filter(known).filter_map(|user| lookup.email_of(side, user)).collect();
        let read_by_other = self.spec.direction.from(side);
        if side == Side::Crm
            && read_by_other
            && let Some(user) = users.iter().find(|user| lookup.email_of(side, user).is_none())
        {
            return Err(Unmapped::because(format!(
                "the CRM's user {user} has no e-mail address that we may see, so nobody in Notion corresponds; give \
                     the user an address, or let the integration read users"
            )));
        }
        // Whoever replaces the responsible person by a guest does not mean nobody: clearing the CRM would be a guess.
        if side == Side::Notion && read_by_other && !self.crm.multiple && emails.is_empty() && !users.is_empty() {
            return Err(Unmapped::because(
                "none of the people in Notion is a user of the CRM with the same e-mail address; choose somebody who is, \
                 or add them to the CRM",
            ));
        }
        Ok(Value::people(emails))
    }

    pub(super) fn people_to_native(
        &self,
        side: Side,
        emails: &BTreeSet<String>,
        current: &BTreeSet<String>,
        lookup: &dyn Lookup,
    ) -> Result<Value, Unmapped> {
        let mut users = BTreeSet::new();
        for email in emails {
            // Two users can share an address: whoever is there already stays.
            let there = current.iter().find(|user| lookup.email_of(side, user).as_deref() == Some(email));
            let user = there.cloned().or_else(|| lookup.user_of(side, email)).ok_or_else(|| {
                Unmapped::because(match side {
                    Side::Notion => format!(
                        "nobody in Notion has the e-mail address {email}; invite them, or let the \
                         connection read e-mail addresses"
                    ),
                    Side::Crm => format!(
                        "no user of the CRM has the e-mail address {email}; add them, or choose \
                         somebody else in Notion"
                    ),
                })
            })?;
            users.insert(user);
        }
        if !self.info(side).multiple && users.len() > 1 {
            return Err(Unmapped::because(format!(
                "{side} holds one person here and there are {} ({}); leave one",
                users.len(),
                emails.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
            )));
        }
        if self.info(side).multiple || users.is_empty() {
            users.extend(current.iter().filter(|user| self.is_foreign_person(side, user, lookup)).cloned());
        }
        Ok(Value::people(users))
    }

    /// People written out as text for a text or e-mail field, where nothing reads them back.
    pub(super) fn people_as_text(
        &self,
        side: Side,
        users: &BTreeSet<String>,
        lookup: &dyn Lookup,
    ) -> Result<String, Unmapped> {
        let mut emails = BTreeSet::new();
        let told = |user: &&String| {
            let email = lookup.email_of(side, user);
            !self.spec.unmatched || email.is_none_or(|email| lookup.user_of(side.other(), &email).is_none())
        };
        for user in users.iter().filter(told) {
            emails.insert(lookup.email_of(side, user).ok_or_else(|| {
                Unmapped::because(format!(
                    "the user {user} of {side} has no e-mail address that we may see; give them one, or let the \
                     integration read users"
                ))
            })?);
        }
        Ok(emails.into_iter().collect::<Vec<_>>().join(", "))
    }
}
