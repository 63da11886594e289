/** What must be true of the clinic after it has moved, as a question to either side. */

export interface Spot {
  readonly claim: string
  /** Legacy keys of the rows that are in the target. */
  readonly arrived: string
  /** The legacy database's answer for these rows, `$1`. */
  readonly source: string
  readonly target: string
}

/** Through natural keys and legacy numbers, never through the map: that is what is in question. */
export const SPOTS: readonly Spot[] = [
  {
    claim: 'every order is still the order of its patient',
    arrived: 'select legacy_id from public.orders',
    source: `select upper(o.number), p.patient_code, o.total from public.dispatch_order o
               join public.dispatch_patient p on p.id = o.patient_id where o.id = any ($1::text::bigint[])`,
    target: `select o.number, p.patient_code, o.total from public.orders o
               join public.patients p on p.id = o.patient_id`,
  },
  {
    claim: 'every comment has its words, its author and its treatment plan',
    arrived: 'select legacy_id from public.comments',
    source: `select c.id, c.text, u.username, c.plan_id, c.plan_id from public.dispatch_comment c
               join public.dispatch_user u on u.id = c.author_id where c.id = any ($1::text::bigint[])`,
    target: `select c.legacy_id, c.content, a.username, t.legacy_id, c.metadata ->> 'plan_id'
               from public.comments c join public.profiles a on a.id = c.author_id
               join public.treatment_plans t on t.id = c.treatment_plan_id`,
  },
  {
    claim: 'every treatment plan follows the one it followed, where that one came along',
    arrived: 'select legacy_id from public.treatment_plans where previous_id is not null',
    source: `select id, previous_id from public.dispatch_plan where id = any ($1::text::bigint[])`,
    target: `select t.legacy_id, p.legacy_id from public.treatment_plans t
               join public.treatment_plans p on p.id = t.previous_id`,
  },
  {
    claim: 'every event is about the patient, order or case that it was about',
    arrived: 'select legacy_id from public.events',
    source: `select e.id, t.model, e.object_id from public.dispatch_event e
               join public.django_content_type t on t.id = e.content_type_id
              where e.id = any ($1::text::bigint[])`,
    target: `select e.legacy_id, case when e.patient_id is not null then 'patient'
                    when e.order_id is not null then 'order' else 'case' end,
                    coalesce(p.legacy_patient_id, o.legacy_id, c.legacy_id)
               from public.events e left join public.patients p on p.id = e.patient_id
               left join public.orders o on o.id = e.order_id left join public.cases c on c.id = e.case_id`,
  },
  {
    claim: 'clock times and JSON of cases are what they were, to the letter',
    arrived: 'select legacy_id from public.cases',
    source: `select id, opened_at, closed_at, metadata from public.dispatch_case
              where id = any ($1::text::bigint[])`,
    target: `select legacy_id, opened_at_local, closed_at_local, metadata from public.cases`,
  },
  {
    claim: 'no account shares its address, and no patient has an impossible age',
    arrived: 'select legacy_patient_id from public.patients',
    source: `select 0 where exists (select from public.dispatch_patient
              where id = any ($1::text::bigint[]) and age between 1 and 130 is not true)`,
    target: `select 1 where exists (select from public.profiles group by lower(email) having count(*) > 1)
                or exists (select from public.patients where age not between 1 and 130)`,
  },
]
