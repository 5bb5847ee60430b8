-- The one migration: roles, schemas, the tables of `ops` and what each role may do. Idempotent: run at every change of this file.
-- Who may do what: wres_loader fills raw; wres_gate judges; wres_transformer builds; wres_publisher swaps releases;
-- analyst reads published and restricted; bi_reader reads published.

-- Roles -----------------------------------------------------------------------------------------------------------
do $$
declare
    role_name text;
begin
    foreach role_name in array array[
        'wres_loader', 'wres_gate', 'wres_transformer', 'wres_publisher', 'analyst', 'bi_reader'
    ] loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I nologin', role_name);
        end if;
        -- An administrator of a managed server is no superuser and may give objects only to roles it belongs to.
        if not (select rolsuper from pg_roles where rolname = current_user) then
            execute format('grant %I to current_user', role_name);
        end if;
    end loop;
end
$$;

grant wres_transformer to wres_publisher;  -- a release begins as the transformer's tables
grant bi_reader to analyst;

do $$
begin
    execute format('revoke all on database %I from public', current_database());
    execute format(
        'grant connect on database %I to wres_loader, wres_gate, wres_transformer, wres_publisher, analyst, bi_reader',
        current_database()
    );
    execute format('grant temporary on database %I to wres_gate, wres_transformer, wres_loader', current_database());
    -- Renaming the candidate into a release needs the right to create schemas.
    execute format('grant create on database %I to wres_publisher', current_database());
end
$$;

revoke all on schema public from public;

-- Schemas ---------------------------------------------------------------------------------------------------------
create schema if not exists raw;
create schema if not exists gate;
create schema if not exists staging;
create schema if not exists intermediate;
create schema if not exists marts;
create schema if not exists history;
create schema if not exists published;
create schema if not exists restricted;
create schema if not exists ops;

alter schema raw owner to wres_loader;
alter schema gate owner to wres_gate;
alter schema staging owner to wres_transformer;
alter schema intermediate owner to wres_transformer;
alter schema marts owner to wres_transformer;
alter schema history owner to wres_transformer;
alter schema published owner to wres_publisher;
alter schema restricted owner to wres_publisher;

comment on schema raw is 'Every file as text, append-only: one table per source table.';
comment on schema gate is 'Batches being judged; empty between runs.';
comment on schema marts is 'The candidate: rebuilt by dbt, renamed into a release when its gate passes.';
comment on schema published is 'All that BI sees: views on the current release, after disclosure control.';
comment on schema restricted is 'True counts at full precision, for analysts only.';
comment on schema ops is 'Files, loads, outcomes, rejects, gate results and releases: the health of the warehouse in SQL.';

-- Operations ------------------------------------------------------------------------------------------------------
create table if not exists ops.migration (
    digest text primary key,
    applied_at timestamptz not null default now()
);

-- The registry as SQL, so that staging, the gate and the disclosure stage read the same declarations as the loader.
create table if not exists ops.source (
    source text primary key,
    title text not null,
    publisher text not null,
    published_at text not null,
    schedule text,
    due text,
    indicators text[] not null,
    disclosure_policy text,
    disclosure_reason text,
    visible_to text[] not null,
    retention_days integer
);

-- When a file of a period is due, as numbers: a day of the year (MM-DD) and years of lag, or days after the quarter's end.
alter table ops.source add column if not exists due_by text;
alter table ops.source add column if not exists due_lag_years integer;
alter table ops.source add column if not exists due_days_after_quarter integer;
-- The policy of counts that the audit does not read: as disclosure_policy where that rounds or there is nothing to protect, else hidden.
alter table ops.source add column if not exists unaudited_policy text;
-- The registry is written anew into what has changed above, whenever it was read last.
delete from ops.migration where digest like 'registry %';

create table if not exists ops.marker (
    source text not null,
    marker text not null,
    status text not null check (status in ('suppressed_source', 'missing', 'not_applicable')),
    primary key (source, marker)
);

create table if not exists ops.file (
    sha256 text primary key,
    source text not null,
    name text not null,
    bytes bigint not null,
    archived_as text not null,
    is_synthetic boolean not null default false,
    first_seen_at timestamptz not null default now()
);

-- Where a person was forgotten, the archive keeps the file without their rows, under the hash it came with, or no longer keeps it.
alter table ops.file add column if not exists kept_sha256 text;
alter table ops.file add column if not exists erased_at timestamptz;

-- People who are never to be loaded again: keyed hashes, from which nobody can be told without the key in credentials.env.
create table if not exists ops.forgotten (
    digest text primary key,
    comment text not null,
    forgotten_at timestamptz not null default now()
);

create table if not exists ops.load (
    load_id bigint generated always as identity primary key,
    file_sha256 text not null references ops.file,
    file_name text not null,
    source text not null,
    layout text,
    source_table text,
    period text,
    state text not null check (state in ('loading', 'loaded', 'accepted', 'rejected')),
    revision integer,
    is_synthetic boolean not null default false,
    rows_loaded bigint not null default 0,
    rows_rejected bigint not null default 0,
    registry_digest text not null,
    problems jsonb not null default '[]',
    report text,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz
);
create index if not exists load_file on ops.load (file_sha256);
-- The same bytes are accepted once a source, whatever is killed or run side by side.
create unique index if not exists load_accepted_once on ops.load (source, file_sha256) where state = 'accepted';

create table if not exists ops.load_content (
    load_id bigint not null references ops.load on delete cascade,
    source_table text not null,
    period text not null,
    org_code text not null,
    primary key (load_id, source_table, period, org_code)
);

create table if not exists ops.blocked_measure (
    load_id bigint not null references ops.load on delete cascade,
    rule_id text not null,
    measure text not null,
    reason text not null,
    primary key (load_id, rule_id, measure)
);

create table if not exists ops.rejected_row (
    load_id bigint not null references ops.load on delete cascade,
    rule_id text not null,
    sheet text,
    row_number integer,
    column_name text,
    value text,
    reason text not null,
    content jsonb not null,
    rejected_at timestamptz not null default now()
);
create index if not exists rejected_row_load on ops.rejected_row (load_id);

create table if not exists ops.outcome (
    outcome_id bigint generated always as identity primary key,
    source text,
    period text,
    step text not null,
    status text not null check (status in ('ok', 'warning', 'failed', 'skipped')),
    rows_in bigint,
    rows_out bigint,
    seconds double precision,
    message text,
    recorded_at timestamptz not null default clock_timestamp()
);

create table if not exists ops.release (
    release_id integer primary key,
    schema_name text not null unique,
    fingerprint text not null,
    code_revision text not null,
    is_synthetic boolean not null,
    is_current boolean not null default false,
    is_pinned boolean not null default false,
    data_docs text,
    published_at timestamptz not null default now(),
    dropped_at timestamptz
);
create unique index if not exists release_current on ops.release (is_current) where is_current;

create table if not exists ops.release_input (
    release_id integer not null references ops.release,
    load_id bigint not null references ops.load,
    source text not null,
    source_table text not null,
    period text not null,
    revision integer,
    file_name text not null,
    file_sha256 text not null,
    disclosure_policy text not null,
    organisations integer not null,
    primary key (release_id, load_id, period)
);
-- Null in releases that were made before it was noted.
alter table ops.release_input add column if not exists unaudited_policy text;

-- The one candidate in schema marts: what it was built from, and whether its gate let it through.
create table if not exists ops.candidate (
    is_only boolean primary key default true check (is_only),
    fingerprint text not null,
    code_revision text not null,
    is_synthetic boolean not null,
    built_at timestamptz not null default clock_timestamp(),
    gate_passed boolean,
    data_docs text
);
-- What was judged before this candidate was built, by number: clocks may be put back.
alter table ops.candidate add column if not exists judged_before bigint not null default 0;

-- The code that filled the incremental tables: under any other they are filled afresh. Empty while nobody can say.
create table if not exists ops.counted_by (
    is_only boolean primary key default true check (is_only),
    code_revision text not null
);

-- What disclosure control hides, or rounds, besides what its own size asks for. One row per cell of int_disclosure__cell.
create table if not exists ops.hidden_count (
    population text not null,
    level text not null,
    org_code text not null,
    scope text not null,
    organisation_basis text not null,
    as_at date not null,
    slice text not null,
    member text not null,
    treatment text not null check (treatment in ('hidden', 'rounded')),
    primary key (as_at, level, org_code, population, slice, member, scope, organisation_basis)
);

-- Days whose counts have been through disclosure control; the digest changes with a count, an area, a scheme or the code.
-- The proofs are other tables that fit what is shown, for the audit.
create table if not exists ops.controlled_day (
    as_at date primary key,
    digest text not null,
    scheme text not null,
    hidden_primary integer not null,
    hidden_complementary integer not null,
    seconds double precision not null,
    proofs bytea
);
alter table ops.controlled_day add column if not exists proofs bytea;

-- Days, as shown, that an audit has passed; the digest changes as in ops.controlled_day, and with what is shown.
create table if not exists ops.audited_day (
    digest text primary key,
    hidden integer not null,
    protected integer not null,
    narrowest double precision
);

-- What the audit of disclosure control found in a candidate or a release.
create table if not exists ops.disclosure_audit (
    audit_id bigint generated always as identity primary key,
    fingerprint text not null,
    scheme text not null,
    protection integer not null,
    days integer not null,
    hidden integer not null,
    protected integer not null,
    leaks integer not null,
    narrowest double precision,
    seconds double precision not null,
    audited_at timestamptz not null default now()
);

create table if not exists ops.gate_result (
    gate_result_id bigint generated always as identity primary key,
    gate text not null check (gate in ('raw', 'marts')),
    load_id bigint references ops.load on delete cascade,
    fingerprint text,
    release_id integer references ops.release,
    table_name text not null,
    rule_id text not null,
    severity text not null check (severity in ('critical', 'warning', 'info')),
    scope text not null check (scope in ('file', 'row', 'measure', 'release')),
    success boolean not null,
    unexpected_count bigint not null default 0,
    places jsonb not null default '[]',
    message text not null,
    judged_at timestamptz not null default clock_timestamp()
);
create index if not exists gate_result_release on ops.gate_result (release_id);

create table if not exists ops.acceptance (
    rule_id text not null,
    fingerprint text not null,
    comment text not null check (length(trim(comment)) > 0),
    accepted_by text not null,
    accepted_at timestamptz not null default now(),
    primary key (rule_id, fingerprint)
);

-- What staging reads: for each (table, period, organisation) the newest accepted load, and no other.
-- Real and synthetic inputs never share a release: once anything real is accepted, synthetic loads step aside.
create or replace view ops.current_content as
with accepted as (
    select c.source_table, c.period, c.org_code, l.load_id, l.is_synthetic
    from ops.load_content as c
    inner join ops.load as l on c.load_id = l.load_id
    where l.state = 'accepted'
)
select distinct on (source_table, period, org_code) source_table, period, org_code, load_id, is_synthetic
from accepted
where is_synthetic = not exists (select from accepted as a where not a.is_synthetic)
order by source_table, period, org_code, load_id desc;

-- Reading cells ---------------------------------------------------------------------------------------------------
-- How text is read, said once: the raw gate judges rows with these functions and staging casts with them, so that what the
-- gate lets pass is what is counted. Each is one expression, which the planner inlines; none raises on any text.
create or replace function ops.label_key(label text) returns text
language sql immutable parallel safe
return nullif(btrim(regexp_replace(lower(label), '[ \t\n\r\f\v\u00A0\u200B\uFEFF]+', ' ', 'g')), '');

comment on function ops.label_key(text) is
'A label as seeds hold it: lower case, white space folded and trimmed; null when nothing is left.';

create or replace function ops.as_number(cell text) returns numeric
language sql immutable parallel safe
return case
    when btrim(cell, E' \t\n\r\u00A0') ~ '^[-+]?([0-9]+[.]?[0-9]*|[.][0-9]+)$' and length(cell) <= 60
        then btrim(cell, E' \t\n\r\u00A0')::numeric
end;

comment on function ops.as_number(text) is
'A plain decimal number; null for anything else: exponents, thousands separators, percent signs, markers.';

create or replace function ops.as_date(cell text) returns date
language sql stable parallel safe
return case
    when btrim(cell, E' \t\n\r\u00A0') ~ '^[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]([T ]00:00:00)?$'
        then case
            when pg_input_is_valid(left(btrim(cell, E' \t\n\r\u00A0'), 10), 'date')
                then left(btrim(cell, E' \t\n\r\u00A0'), 10)::date
        end
    when btrim(cell, E' \t\n\r\u00A0') ~ '^[0-9][0-9]/[0-9][0-9]/[0-9][0-9][0-9][0-9]$'
        then case
            when pg_input_is_valid(
                right(btrim(cell, E' \t\n\r\u00A0'), 4) || '-' || substr(btrim(cell, E' \t\n\r\u00A0'), 4, 2)
                || '-' || left(btrim(cell, E' \t\n\r\u00A0'), 2), 'date'
            )
                then (
                    right(btrim(cell, E' \t\n\r\u00A0'), 4) || '-' || substr(btrim(cell, E' \t\n\r\u00A0'), 4, 2)
                    || '-' || left(btrim(cell, E' \t\n\r\u00A0'), 2)
                )::date
        end
end;

comment on function ops.as_date(text) is
'A date written YYYY-MM-DD (midnight may follow) or DD/MM/YYYY; null for anything else, and for days no calendar has.';

create or replace function ops.as_flag(cell text) returns boolean
language sql immutable parallel safe
return case coalesce(lower(btrim(cell, E' \t\n\r\u00A0')), '')
    when 'y' then true when 'yes' then true when 'true' then true when '1' then true
    when 'n' then false when 'no' then false when 'false' then false when '0' then false when '' then false
end;

comment on function ops.as_flag(text) is 'Yes or no in any of the usual spellings; blank is no; null for anything else.';

-- The second character of a 16+1 code is local detail. Where a letter follows an N, or a K follows a D, an abbreviation of
-- "not known", "not stated", "not applicable" or "don't know" is as likely, which must not become a code.
create or replace function ops.ethnic_key(category text, code_system text) returns text
language sql immutable parallel safe
return case
    when ops.label_key(code_system) = '1995' then '1995:' || coalesce(nullif(ops.label_key(category), 'null'), '9')
    when ops.label_key(category) ~ '^([a-hj-mpr-sz][a-z0-9]|n[0-9])$' and ops.label_key(category) <> 'dk'
        then left(ops.label_key(category), 1)
    else coalesce(nullif(ops.label_key(category), 'null'), '99')
end;

comment on function ops.ethnic_key(text, text) is
'Key of an ethnic category into the seed ethnic_category: the first letter of a 16+1 code, 1995:<digit> under code system 1995,
99 for a blank, otherwise the label; whether the seed knows the key is the gate''s question.';

-- Disclosure control ---------------------------------------------------------------------------------------------
-- What the gate holds every published count against; the build has the other half, what becomes of a count.
create or replace function ops.may_be_shown(people numeric, policy text, level text) returns boolean
language sql immutable parallel safe
return coalesce(
    people is null or people = 0 or policy = 'already_public' or case
        when policy = 'nhs_round5' then level = 'england' or (people % 5 = 0 and people >= 10)
        when policy ~ '^suppress_below_[0-9]+$' then people >= substring(policy from '^suppress_below_([0-9]+)$')::integer
    end, false
);

comment on function ops.may_be_shown(numeric, text, text) is
'Whether a policy of disclosure control could have left a number of people as it is; false under a policy that nobody knows.';

create or replace function ops.may_be_shown_unaudited(people numeric, policy text) returns boolean
language sql immutable parallel safe
return coalesce(people is null or ops.may_be_shown(people, policy, null) and policy in ('already_public', 'nhs_round5'), false);

comment on function ops.may_be_shown_unaudited(numeric, text) is
'The same of a count that the audit does not read: rounding alone protects it, at all levels, and no policy without it shows one.';

-- Leadership goals ------------------------------------------------------------------------------------------------
-- The arithmetic of A Model Employer (2019), which prints none: derived from its tables. The models compute leadership_goal with these
-- functions and readers call them for any other horizon, so that there is one formula. Shares and rates are proportions, 0 to 1; each
-- function is null where it has nothing to say and raises on no number.
create or replace function published.leadership_still_in_post(
    turnover double precision, years double precision, growth double precision default 0
) returns double precision
language sql immutable parallel safe
return case
    when turnover between 0 and 1 and growth > -1 and growth <= 1 and years between 0 and 200
        then case
            when years = 0 then 1
            when turnover = 1 then 0
            -- Held within what double precision can work out: the planner may do so with constants before it looks at the conditions.
            else exp(greatest(-300, least(
                300, least(years, 200) * (ln(greatest(1 - turnover, 1e-300)) - ln(greatest(1 + growth, 1e-300)))
            )))
        end
end;

comment on function published.leadership_still_in_post(double precision, double precision, double precision) is
'Part of the posts of a later year that today''s staff still hold: ((1 − turnover) ÷ (1 + growth)) to the power of the years.';

create or replace function published.leadership_recruit_share(
    bme_share double precision, target_share double precision, turnover double precision, years double precision,
    growth double precision default 0
) returns double precision
language sql immutable parallel safe
return case
    when (bme_share = 0 or bme_share between 1e-15 and 1) and target_share between 1e-15 and 1 and bme_share < target_share
        and published.leadership_still_in_post(turnover, years, growth) < 1
        then (least(target_share, 1) - least(bme_share, 1) * published.leadership_still_in_post(turnover, years, growth))
            / nullif(1 - published.leadership_still_in_post(turnover, years, growth), 0)
end;

comment on function published.leadership_recruit_share(
    double precision, double precision, double precision, double precision, double precision
) is
'Part of each year''s recruits who must be BME, for the BME share of the posts to reach the target in so many years; above 1, recruitment
alone cannot do it. Null at or above the target, and where no post falls vacant.';

create or replace function published.leadership_recruits_needed(
    posts double precision, bme_share double precision, target_share double precision, turnover double precision, years double precision,
    growth double precision default 0
) returns double precision
language sql immutable parallel safe
return case
    when posts = 0 or posts between 1e-3 and 1e9
        then least(posts, 1e9) * (least(turnover, 1) + least(growth, 1)) * published.leadership_recruit_share(bme_share, target_share, turnover, years, growth)
end;

comment on function published.leadership_recruits_needed(
    double precision, double precision, double precision, double precision, double precision, double precision
) is
'BME recruits to the posts in the first year, by the share of leadership_recruit_share: every year the same where posts do not grow.';

create or replace function published.leadership_shortest_years(
    bme_share double precision, target_share double precision, turnover double precision, growth double precision default 0
) returns integer
language sql immutable parallel safe
return case
    when bme_share >= 0 and target_share < 1 and bme_share < target_share
        and published.leadership_still_in_post(turnover, 1, growth) < 1
        then case
            when published.leadership_still_in_post(turnover, 1, growth) = 0 then 1
            -- Less than a whole year by a rounding error is the year.
            else greatest(1, ceil(least(
                1e6,
                (ln(greatest(1 - target_share, 1e-300)) - ln(greatest(1 - bme_share, 1e-300)))
                / nullif(ln(greatest(published.leadership_still_in_post(turnover, 1, growth), 1e-300)), 0)
            ) - 1e-9))::integer
        end
end;

comment on function published.leadership_shortest_years(double precision, double precision, double precision, double precision) is
'Whole years after which the target would be reached if every recruit were BME.';

create or replace function published.leadership_trajectory(
    posts double precision, bme_share double precision, target_share double precision, turnover double precision, years integer,
    growth double precision default 0
) returns table (year integer, posts_then double precision, bme_posts double precision, bme_share_then double precision)
language sql immutable parallel safe
begin atomic
    select
        step.year,
        least(posts, 1e9) * power(least(greatest(1 + growth, 0), 2), step.year),
        least(posts, 1e9) * power(least(greatest(1 + growth, 0), 2), step.year) * share.bme_share,
        share.bme_share
    from generate_series(0, least(years, 200)) as step (year)
    cross join lateral (
        select published.leadership_recruit_share(leadership_trajectory.bme_share, target_share, turnover, years, growth) as recruit_share
    ) as goal
    cross join lateral (
        select
            case
                when goal.recruit_share is not null
                    then leadership_trajectory.bme_share * published.leadership_still_in_post(turnover, step.year, growth)
                        + goal.recruit_share * (1 - published.leadership_still_in_post(turnover, step.year, growth))
            end as bme_share
    ) as share
    where (posts = 0 or posts between 1e-3 and 1e9) and share.bme_share is not null;
end;

comment on function published.leadership_trajectory(
    double precision, double precision, double precision, double precision, integer, double precision
) is
'The way to the target, a row a year: posts, BME posts and BME share if so many recruits are BME as leadership_recruit_share says.';

do $$
declare
    signature regprocedure;
begin
    for signature in
        select oid::regprocedure from pg_proc where pronamespace = 'published'::regnamespace and proname like 'leadership\_%'
    loop
        execute format('alter function %s owner to wres_publisher', signature);
    end loop;
end
$$;

-- Rights ----------------------------------------------------------------------------------------------------------
grant usage on schema ops to wres_loader, wres_gate, wres_transformer, wres_publisher;
grant select on all tables in schema ops to wres_loader, wres_gate, wres_transformer, wres_publisher;
grant insert, update, delete on ops.source, ops.marker, ops.migration to wres_loader;
grant insert, update, delete on ops.file, ops.load, ops.load_content, ops.blocked_measure, ops.rejected_row to wres_loader;
grant insert on ops.forgotten to wres_loader;
grant insert on ops.disclosure_audit, ops.audited_day to wres_gate, wres_publisher;
grant insert on ops.outcome, ops.gate_result to wres_loader, wres_gate, wres_transformer, wres_publisher;
grant insert, update on ops.acceptance to wres_publisher;
grant insert, update, delete on ops.candidate to wres_transformer, wres_publisher;
grant insert, update, delete on ops.counted_by, ops.hidden_count, ops.controlled_day to wres_transformer;
grant update on ops.candidate to wres_gate;
grant insert, update on ops.release, ops.release_input to wres_publisher;
grant update on ops.gate_result to wres_publisher;
grant delete on ops.gate_result to wres_loader;

grant usage on schema raw to wres_gate, wres_transformer;
alter default privileges for role wres_loader in schema raw grant select on tables to wres_gate, wres_transformer;
grant usage on schema staging, intermediate, marts to wres_gate;
alter default privileges for role wres_transformer in schema staging grant select on tables to wres_gate;
alter default privileges for role wres_transformer in schema intermediate grant select on tables to wres_gate;
alter default privileges for role wres_transformer in schema marts grant select on tables to wres_gate;

grant usage on schema published to bi_reader;
grant usage on schema published to wres_transformer;  -- for the functions of leadership goals
grant usage on schema restricted to analyst;
alter default privileges for role wres_publisher in schema published grant select on tables to bi_reader;
alter default privileges for role wres_publisher in schema restricted grant select on tables to analyst;

-- What Postgres lets everybody do and no reader needs: take an advisory lock, by which the steps take turns and a publish is kept waiting,
-- and write large objects. On a managed server the catalogue is not its administrator's to change.
do $$
declare
    signature regprocedure;
begin
    if (select rolsuper from pg_roles where rolname = current_user) then
        for signature in
            select oid::regprocedure from pg_proc
            where pronamespace = 'pg_catalog'::regnamespace and proname ~ '^(pg_(try_)?advisory_|lo_|loread$|lowrite$)'
        loop
            execute format('revoke execute on function %s from public', signature);
            if signature::text like 'pg_%' then
                execute format('grant execute on function %s to wres_loader, wres_gate, wres_transformer, wres_publisher', signature);
            end if;
        end loop;
    end if;
end
$$;

-- A reader may turn off the limit to idle transactions that its login has; the publisher ends what stands in its way.
create or replace function ops.end_idle_readers() returns bigint
language sql security definer set search_path = pg_catalog, pg_temp
return (
    select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
    where datname = current_database() and usename in ('analyst_login', 'bi_reader_login')
        and state like 'idle in transaction%' and state_change < now() - interval '5 seconds'
);

comment on function ops.end_idle_readers() is
'Ends readers'' sessions of this warehouse that have left a transaction open for five seconds or more; returns how many.';

revoke execute on function ops.end_idle_readers() from public;
grant execute on function ops.end_idle_readers() to wres_publisher;

-- What the bookkeeping of releases shows to readers; the views on data are the publisher's. These leave rows out, so that a reader's
-- own condition must not be tried on a row before the view's is: its error message would quote the row.
create or replace view published.release with (security_barrier) as
select
    release_id, published_at, is_current, is_pinned, is_synthetic, code_revision, fingerprint,
    dropped_at is null as is_queryable
from ops.release;

create or replace view published.release_input with (security_barrier) as
select
    release_id, source, source_table, period, revision, file_name, file_sha256, disclosure_policy, organisations, unaudited_policy
from ops.release_input;

create or replace view published.gate_result with (security_barrier) as
select
    g.release_id, g.gate, l.source, l.file_name, g.table_name, g.rule_id, g.severity, g.scope, g.success,
    -- Rows of one organisation's file may be as many people.
    case when g.success or l.load_id is null or s.disclosure_policy = 'already_public' then g.unexpected_count end as unexpected_count,
    g.message, g.judged_at, a.accepted_at, a.comment as acceptance_comment
from ops.gate_result as g
left join ops.load as l on g.load_id = l.load_id
left join ops.source as s on l.source = s.source
left join ops.acceptance as a on g.fingerprint = a.fingerprint and g.rule_id = a.rule_id and not g.success
where g.release_id is not null;

alter view published.release owner to wres_publisher;
alter view published.release_input owner to wres_publisher;
alter view published.gate_result owner to wres_publisher;
grant select on published.release, published.release_input, published.gate_result to bi_reader;
