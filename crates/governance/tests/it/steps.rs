//! What happens to approval steps beside answers: limits of time, implied agreement, handing on, skipping.

use domain::policy::{Action, NeedReason, Overdue, Policy, Sla, Step, Who};
use domain::request::State;
use governance::Code;
use governance::policy::PolicyEdit;
use governance::request::{Decision, NewRequest};
use jiff::SignedDuration;

use crate::office::{HOUR, Office, id};

pub(crate) fn manager() -> Step {
    Step::of(Who::Manager { level: 1 })
}

pub(crate) fn asking(steps: Vec<Step>) -> Policy {
    Policy::always(Action::Steps { steps })
}

/// Four hours, then this.
pub(crate) fn limited(step: Step, then: Overdue) -> Step {
    let sla = Sla { after: HOUR * 4, then, comment: "too late".to_owned(), working_hours: false };
    Step { sla: Some(sla), ..step }
}

/// Lets so much time pass, and does what is due.
pub(crate) async fn pass(office: &Office, span: SignedDuration) -> anyhow::Result<()> {
    office.at.world.clock.advance(span);
    office.at.world.run_due_jobs().await
}

testkit::on_both_engines! {
    async fn r_p_7_a_reminder_at_half_time_then_t_a9_the_manager_of_the_assignee_is_asked(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let escalate = Overdue::EscalateTo { people: Vec::new() };
        office.decided_by("Limited", asking(vec![limited(manager(), escalate)])).await?;
        office.at.world.governance.set_manager(&office.admin, id(&office.ben), None, Some(id(&office.cy))).await?;
        let request = office.ask(&office.ada, 4).await?.value;
        let asked_at = office.at.world.store().now();
        assert_eq!(request.steps[0].step.due_at, Some(asked_at + HOUR * 4));
        let of = request.request.id;

        pass(&office, HOUR * 2 - SignedDuration::from_secs(1)).await?;
        assert!(!office.story(of).await?.contains(&"step.reminded".to_owned()));
        pass(&office, SignedDuration::from_secs(1)).await?;
        pass(&office, HOUR).await?;
        let reminded = office.story(of).await?.into_iter().filter(|action| action == "step.reminded").count();
        assert_eq!((reminded, office.asked(of).await?), (1, vec![id(&office.ben)]));

        pass(&office, HOUR).await?;
        assert_eq!(office.asked(of).await?, [id(&office.cy)]);
        assert_eq!(office.answer(&office.ben, of, Decision::Approve).await.unwrap_err().code(), Code::Aborted);
        pass(&office, HOUR * 8).await?;
        assert_eq!(office.asked(of).await?, [id(&office.cy)], "it is escalated once");
        let story = office.story(of).await?;
        assert_eq!(story.iter().filter(|action| *action == "step.escalated").count(), 1, "{story:?}");
        assert_eq!(office.answer(&office.cy, of, Decision::Approve).await?, State::Approved);
    }

    async fn t_a9_others_are_asked_and_never_the_one_whom_it_is_about(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let people = vec![id(&office.ada), id(&office.cy)];
        office.decided_by("Named", asking(vec![limited(manager(), Overdue::EscalateTo { people })])).await?;
        let of = office.ask(&office.ada, 4).await?.value.request.id;
        pass(&office, HOUR * 5).await?;
        assert_eq!(office.asked(of).await?, [id(&office.cy)]);
        assert!(!office.story(of).await?.contains(&"step.reminded".to_owned()), "it is too late to remind anybody");

        // Nobody but the subject is named: whoever is asked when nobody can be.
        let people = vec![id(&office.ada)];
        office.decided_by("Alone", asking(vec![limited(manager(), Overdue::EscalateTo { people })])).await?;
        office.at.world.governance.cancel_request(&office.ada, of, None, "").await?;
        let of = office.ask(&office.ada, 4).await?.value.request.id;
        pass(&office, HOUR * 5).await?;
        assert_eq!(office.asked(of).await?, [id(&office.owner)]);
        assert!(office.story(of).await?.contains(&"step.fell_back".to_owned()));
    }

    async fn t_a9_a_step_is_skipped_or_the_request_called_off(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        office.decided_by("Skips", asking(vec![limited(manager(), Overdue::Skip), Step::of(Who::AppOwner)])).await?;
        let of = office.ask(&office.ada, 4).await?.value.request.id;
        pass(&office, HOUR * 4).await?;
        assert_eq!(office.asked(of).await?, [id(&office.owner)]);
        assert!(office.story(of).await?.contains(&"step.skipped".to_owned()));
        assert_eq!(office.answer(&office.owner, of, Decision::Deny).await?, State::Denied);

        office.decided_by("Cancels", asking(vec![limited(manager(), Overdue::Cancel)])).await?;
        let of = office.ask(&office.ada, 4).await?.value.request.id;
        pass(&office, HOUR * 4).await?;
        assert_eq!(office.state(of).await?, State::Cancelled);
        let story = office.story(of).await?;
        assert!(story.ends_with(&["step.cancelled_by_sla".to_owned(), "request.cancelled".to_owned()]), "{story:?}");
        // An answer in time stops the clock.
        let of = office.ask(&office.ada, 4).await?.value.request.id;
        assert_eq!(office.answer(&office.ben, of, Decision::Approve).await?, State::Approved);
        pass(&office, HOUR * 4).await?;
        assert_ne!(office.state(of).await?, State::Cancelled);
    }

    async fn t_a9_another_policy_decides_as_it_was_when_it_was_asked_for(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let other = asking(vec![Step::of(Who::People { people: vec![id(&office.cy)] })]);
        let governance = office.at.world.governance.clone();
        let policy_id = office.decided_by("Other", other).await?;
        let first = asking(vec![limited(manager(), Overdue::UsePolicy { policy_id })]);
        let first_id = office.decided_by("First", first.clone()).await?;
        let used = governance.delete_policy(&office.admin, policy_id, None).await.unwrap_err();
        assert!(used.detail().contains("`First`"), "{}", used.detail());
        let around = PolicyEdit { baseline: Some(Action::UsePolicy { policy_id: first_id }), ..PolicyEdit::default() };
        let around = governance.edit_policy(&office.admin, policy_id, None, around).await.unwrap_err();
        assert_eq!(around.field(), Some("baseline.policyId"));

        let of = office.ask(&office.ada, 4).await?.value.request.id;
        let edit = PolicyEdit { baseline: Some(Action::Approve), ..PolicyEdit::default() };
        governance.edit_policy(&office.admin, policy_id, None, edit).await?;
        pass(&office, HOUR * 4).await?;
        assert_eq!(office.asked(of).await?, [id(&office.cy)]);
        let steps = governance.request(&office.admin, of).await?.steps;
        assert_eq!(steps.iter().map(|step| step.step.round).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(office.answer(&office.cy, of, Decision::Approve).await?, State::Approved);
    }

    async fn t_a4_who_asks_for_another_has_agreed_where_the_step_lets_them(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let owner = Step { distinct_from_earlier: true, ..Step::of(Who::People { people: vec![id(&office.ben), id(&office.cy)] }) };
        office.decided_by("Implied", asking(vec![manager(), owner.clone()])).await?;
        let governance = office.at.world.governance.clone();
        let for_ada = || NewRequest {
            for_person: Some(id(&office.ada)),
            entitlement: Some(office.editor),
            duration: Some(HOUR),
            ..NewRequest::default()
        };
        let asked = governance.submit_request(&office.ben, for_ada()).await?.value;
        let step = &asked.steps[0].step;
        assert!(step.how.as_deref().is_some_and(|how| how.starts_with("implied")), "{step:?}");
        assert_eq!(step.decided_by, Some(format!("person:{}", id(&office.ben))));
        // Ben agreed to the first step thereby, and may not decide the second.
        assert_eq!(office.asked(asked.request.id).await?, [id(&office.cy)]);
        governance.cancel_request(&office.ben, asked.request.id, None, "").await?;

        let asks = Step { allow_implied: false, need_reason: NeedReason::default(), ..manager() };
        office.decided_by("Asked", asking(vec![asks])).await?;
        let asked = governance.submit_request(&office.ben, for_ada()).await?.value;
        assert_eq!(office.asked(asked.request.id).await?, [id(&office.ben)]);
        governance.cancel_request(&office.ben, asked.request.id, None, "").await?;

        // Never about oneself, whoever else is asked.
        office.decided_by("Own", asking(vec![Step { allow_self: true, ..Step::of(Who::Subject) }])).await?;
        let own = office.ask(&office.ada, 1).await?.value;
        assert_eq!((own.request.state, office.asked(own.request.id).await?), (State::Open, vec![id(&office.ada)]));
    }
}
