//! Amazon Resource Names: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE` (AWS General Reference).

/// The parts that say whose it is.
pub(super) struct Arn<'a> {
    pub(super) service: &'a str,
    /// Twelve digits; empty for services whose names are global.
    pub(super) account: &'a str,
    pub(super) resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Reads one; `None` where `text` is none.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.strip_prefix("arn:aws")?.splitn(5, ':').skip(1);
        let service = parts.next()?;
        let account = parts.nth(1)?;
        let resource = parts.next()?;
        let is_account = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
        Some(Self {
            service,
            account: if is_account { account } else { "" },
            resource,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn a_resource_may_hold_colons() {
        let arn = Arn::parse("arn:aws-cn:rds:cn-north-1:298374650192:db:orders").expect("one");
        assert_eq!(
            (arn.service, arn.account, arn.resource),
            ("rds", "298374650192", "db:orders")
        );
        assert!(Arn::parse("arn:aws:rds").is_none());
    }
}
