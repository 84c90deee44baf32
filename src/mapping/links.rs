//! Relations: native record ids of the side, common CRM ids of the related ties. An untied record is foreign: left out
//! of the common value and carried through every write.

use std::collections::BTreeSet;

use super::{FieldMap, Lookup, Unmapped};
use crate::model::{PairName, Side, Value};

impl FieldMap {
    fn target(&self) -> Result<&PairName, Unmapped> {
        self.spec.relation.as_ref().ok_or_else(|| {
            Unmapped::because(format!("{} is a relation without a pair; add `relation = \"...\"`", self.spec.crm))
        })
    }

    pub(super) fn links_to_common(
        &self,
        side: Side,
        records: &BTreeSet<String>,
        lookup: &dyn Lookup,
    ) -> Result<Value, Unmapped> {
        let pair = self.target()?;
        Ok(Value::links(records.iter().filter_map(|record| lookup.crm_of(pair, side, record))))
    }

    pub(super) fn links_to_native(
        &self,
        side: Side,
        links: &BTreeSet<String>,
        current: &BTreeSet<String>,
        lookup: &dyn Lookup,
    ) -> Result<Value, Unmapped> {
        let pair = self.target()?;
        let mut records = BTreeSet::new();
        for crm in links {
            records.insert(lookup.record_of(pair, side, crm).ok_or_else(|| {
                Unmapped::because(format!(
                    "{pair} has no tie for the CRM record {crm}, so {side} has nothing to link to; tie or create its \
                     counterpart first"
                ))
            })?);
        }
        let foreign: BTreeSet<&String> =
            current.iter().filter(|record| lookup.crm_of(pair, side, record).is_none()).collect();
        if !self.info(side).multiple && records.len() > 1 {
            return Err(Unmapped::because(format!(
                "{side} links to one record here and there are {}; leave one",
                records.len()
            )));
        }
        if let (false, false, Some(untied)) = (self.info(side).multiple, records.is_empty(), foreign.first()) {
            return Err(Unmapped::because(format!(
                "{side} links to {untied} here, which is untied in {pair}, and has room for one link only; tie it, or \
                 unlink it in {side}"
            )));
        }
        records.extend(foreign.into_iter().cloned());
        Ok(Value::links(records))
    }
}
