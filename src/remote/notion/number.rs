//! Numbers: Notion keeps doubles, we keep exact decimals. One becomes the other only where nothing is lost.
//!
//! What comes in was a double already when we see it: up to 15 digits serde_json reads every number exactly, beyond that
//! only with its feature `float_roundtrip` (without it, one in ten numbers of 17 digits is off in the last).

use rust_decimal::Decimal;
use serde_json::{Number, Value as Json};

use super::invalid;
use crate::remote::RemoteError;

/// The largest integer up to which a double holds every integer.
const EXACT: i64 = 1 << 53;

/// The decimal that a JSON number's shortest text says; `None` beyond what a decimal can hold exactly.
pub fn read(number: &Number) -> Option<Decimal> {
    // Rust's Display of a double is its shortest text that reads back as the same double, without an exponent.
    let text = match number.as_f64() {
        Some(double) if number.is_f64() => double.to_string(),
        _ => number.to_string(),
    };
    Decimal::from_str_exact(&text).ok().map(|decimal| decimal.normalize())
}

/// A decimal as a JSON number.
///
/// # Errors
/// Invalid, when a double cannot hold it: Notion would keep another number.
pub fn write(decimal: Decimal) -> Result<Json, RemoteError> {
    if decimal.is_integer()
        && let Ok(integer) = i64::try_from(decimal)
        && (-EXACT..=EXACT).contains(&integer)
    {
        return Ok(Json::from(integer));
    }
    let double = decimal.normalize().to_string().parse::<f64>().ok().and_then(Number::from_f64);
    match double {
        Some(number) if read(&number) == Some(decimal.normalize()) => Ok(Json::Number(number)),
        _ => Err(invalid(format!(
            "the number {decimal} has more digits than Notion can keep (about 15); it would be changed"
        ))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::str::FromStr;

    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use serde_json::{Number, json};

    use super::{read, write};

    fn decimal(text: &str) -> Decimal {
        Decimal::from_str(text).unwrap()
    }

    #[test]
    fn money_reads_and_writes_as_written() {
        assert_eq!(read(&Number::from_f64(1234.56).unwrap()), Some(decimal("1234.56")));
        assert_eq!(read(&Number::from_f64(0.25).unwrap()), Some(decimal("0.25")));
        assert_eq!(read(&Number::from(17)), Some(decimal("17")));
        assert_eq!(write(decimal("1234.560")).unwrap(), json!(1234.56));
        assert_eq!(write(decimal("17.0")).unwrap(), json!(17));
        assert_eq!(write(decimal("-0.1")).unwrap(), json!(-0.1));
    }

    #[test]
    fn a_number_that_a_double_would_change_is_not_sent() {
        assert!(write(decimal("9007199254740993")).is_err());
        assert!(write(decimal("0.1234567890123456789")).is_err());
        assert_eq!(write(decimal("9007199254740992")).unwrap(), json!(9_007_199_254_740_992_i64));
    }

    #[test]
    fn a_double_beyond_every_decimal_is_not_read() {
        assert_eq!(read(&Number::from_f64(1e300).unwrap()), None);
        assert_eq!(read(&Number::from_f64(1e-300).unwrap()), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(units in -999_999_999_999_999_i64..=999_999_999_999_999, scale in 0u32..10) {
            let decimal = Decimal::new(units, scale);
            let json = write(decimal).unwrap();
            prop_assert_eq!(read(json.as_number().unwrap()), Some(decimal.normalize()));
        }

        #[test]
        fn a_double_that_reads_writes_back_the_same(double in -1e12f64..1e12) {
            let number = Number::from_f64(double).unwrap();
            if let Some(decimal) = read(&number) {
                prop_assert_eq!(write(decimal).unwrap().as_f64().unwrap(), double + 0.0);
            }
        }
    }
}
