"""Models, aliases and prices: who sees them, what never changes, one truth about the default, prices copied."""

from django.db import migrations

from accounts.rls import (
    IN_WORKSPACE_OR_PLATFORM,
    OWNER,
    USER,
    WORKSPACE,
    RowVersion,
    TenantPolicy,
)
from taishang.models.references import AS_OWNER, EYES, OPEN, SHUT, ModelReference, Reaches

OURS = f"(workspace_id = {WORKSPACE} AND (scope = 'workspace' OR owner_id = {USER}))"
ENDING = (
    "EXISTS (SELECT 1 FROM accounts_workspaces w WHERE w.id = OLD.workspace_id"
    " AND w.status IN ('deleting', 'deleted'))"
)
# NaN passes every comparison with 0, since PostgreSQL sorts it above all numbers.
SIZES = """
ALTER TABLE tai_models ADD CONSTRAINT tai_models_json_ck CHECK (
    jsonb_typeof(params) = 'object' AND octet_length(params::text) <= 16384
    AND jsonb_typeof(metadata) = 'object' AND octet_length(metadata::text) <= 16384);
ALTER TABLE tai_model_prices ADD CONSTRAINT tai_model_prices_number_ck CHECK (
    input_price < 'NaN' AND output_price < 'NaN' AND cached_input_price < 'NaN'
    AND fx_rate < 'NaN');
"""
NO_SIZES = """
ALTER TABLE tai_model_prices DROP CONSTRAINT tai_model_prices_number_ck;
ALTER TABLE tai_models DROP CONSTRAINT tai_models_json_ck;
"""
GUARD = f"""
CREATE FUNCTION tai_models_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF (NEW.input_price IS NOT NULL OR NEW.output_price IS NOT NULL OR NEW.price_known)
            AND current_user <> '{OWNER}' THEN
            RAISE EXCEPTION 'prices are copied from their rows'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_price_copy';
        END IF;
        RETURN NEW;
    END IF;
    IF (OLD.scope, OLD.workspace_id, OLD.owner_id, OLD.created_at)
        IS DISTINCT FROM (NEW.scope, NEW.workspace_id, NEW.owner_id, NEW.created_at) THEN
        RAISE EXCEPTION 'a model stays where it was connected'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_place';
    END IF;
    IF OLD.first_used_at IS NOT NULL AND (
        (OLD.provider, OLD.kind, OLD.model_id, OLD.version, OLD.family, OLD.quantization,
         OLD.params, OLD.embedding_dimension, OLD.tokenizer, OLD.first_used_at)
        IS DISTINCT FROM
        (NEW.provider, NEW.kind, NEW.model_id, NEW.version, NEW.family, NEW.quantization,
         NEW.params, NEW.embedding_dimension, NEW.tokenizer, NEW.first_used_at)) THEN
        RAISE EXCEPTION 'what was used stays what it was'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_version_immutable';
    END IF;
    IF OLD.base_url <> NEW.base_url AND OLD.api_key_encrypted <> ''
        AND OLD.api_key_encrypted = NEW.api_key_encrypted THEN
        RAISE EXCEPTION 'a key never goes to another address'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_key_address';
    END IF;
    IF (OLD.input_price, OLD.output_price, OLD.currency, OLD.price_known)
        IS DISTINCT FROM (NEW.input_price, NEW.output_price, NEW.currency, NEW.price_known)
        AND current_user <> '{OWNER}' THEN
        RAISE EXCEPTION 'prices are copied from their rows'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_price_copy';
    END IF;
    IF OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
        RAISE EXCEPTION 'a deleted model stays deleted'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_deleted';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tai_models_guard BEFORE INSERT OR UPDATE ON tai_models
    FOR EACH ROW EXECUTE FUNCTION tai_models_guard();
"""
NO_GUARD = """
DROP TRIGGER tai_models_guard ON tai_models;
DROP FUNCTION tai_models_guard();
"""
# Only a closing may touch a revision, and only the end of its workspace may take it away.
HISTORY = f"""
CREATE FUNCTION tai_model_aliases_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF {ENDING} THEN RETURN OLD; END IF;
    ELSIF to_jsonb(NEW) - 'changed_by_id' = to_jsonb(OLD) - 'changed_by_id'
        AND NEW.changed_by_id IS NULL THEN
        RETURN NEW;
    ELSIF OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL
        AND to_jsonb(NEW) - 'valid_to' = to_jsonb(OLD) - 'valid_to' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the history of an alias is append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_model_aliases_keep';
END $$;
CREATE TRIGGER tai_model_aliases_keep BEFORE UPDATE OR DELETE ON tai_model_aliases
    FOR EACH ROW EXECUTE FUNCTION tai_model_aliases_keep();
CREATE FUNCTION tai_model_prices_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        IF {ENDING} THEN RETURN OLD; END IF;
    ELSIF to_jsonb(NEW) - 'created_by_id' = to_jsonb(OLD) - 'created_by_id'
        AND NEW.created_by_id IS NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'prices are append-only'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_model_prices_keep';
END $$;
CREATE TRIGGER tai_model_prices_keep BEFORE UPDATE OR DELETE ON tai_model_prices
    FOR EACH ROW EXECUTE FUNCTION tai_model_prices_keep();
"""
NO_HISTORY = """
DROP TRIGGER tai_model_prices_keep ON tai_model_prices;
DROP FUNCTION tai_model_prices_keep();
DROP TRIGGER tai_model_aliases_keep ON tai_model_aliases;
DROP FUNCTION tai_model_aliases_keep();
"""
FALLBACKS = f"""
CREATE FUNCTION tai_model_aliases_fallbacks() RETURNS trigger {AS_OWNER} AS $$
DECLARE
    reached integer;
    {EYES}
BEGIN
    {OPEN}
    SELECT count(*) INTO reached FROM tai_models m
        WHERE m.id = ANY (NEW.fallback_ids) AND m.id <> NEW.model_id AND m.deleted_at IS NULL
          AND m.kind = NEW.kind AND tai_model_reaches(m, NEW.workspace_id, NULL);
    IF reached <> cardinality(NEW.fallback_ids) THEN
        RAISE EXCEPTION 'a fallback cannot be used here'
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'tai_model_aliases_fallbacks';
    END IF;
    {SHUT}
    RETURN NEW;
END $$;
CREATE TRIGGER tai_model_aliases_fallbacks BEFORE INSERT ON tai_model_aliases
    FOR EACH ROW EXECUTE FUNCTION tai_model_aliases_fallbacks();
"""
NO_FALLBACKS = """
DROP TRIGGER tai_model_aliases_fallbacks ON tai_model_aliases;
DROP FUNCTION tai_model_aliases_fallbacks();
"""
# `is_default` and the alias `@default` of a place say the same at every commit.
ONE_DEFAULT = f"""
CREATE FUNCTION tai_models_one_default() RETURNS trigger {AS_OWNER} AS $$
DECLARE
    place bigint;
    of_kind text;
    flagged bigint;
    named bigint;
    {EYES}
BEGIN
    {OPEN}
    IF TG_OP = 'DELETE' THEN
        place := OLD.workspace_id; of_kind := OLD.kind;
    ELSE
        place := NEW.workspace_id; of_kind := NEW.kind;
    END IF;
    SELECT m.id INTO flagged FROM tai_models m
        WHERE m.workspace_id IS NOT DISTINCT FROM place AND m.owner_id IS NULL
          AND m.kind = of_kind AND m.is_default AND m.deleted_at IS NULL;
    SELECT m.id INTO named FROM tai_model_aliases a JOIN tai_models m ON m.id = a.model_id
        WHERE a.workspace_id IS NOT DISTINCT FROM place AND a.name = '@default'
          AND a.kind = of_kind AND a.valid_to IS NULL
          AND m.workspace_id IS NOT DISTINCT FROM place;
    IF flagged IS DISTINCT FROM named THEN
        RAISE EXCEPTION 'the default and the alias @default differ'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'tai_models_one_default';
    END IF;
    {SHUT}
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER tai_models_one_default
    AFTER INSERT OR UPDATE OF is_default, deleted_at, kind OR DELETE ON tai_models
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tai_models_one_default();
CREATE CONSTRAINT TRIGGER tai_model_aliases_one_default
    AFTER INSERT OR UPDATE OF valid_to OR DELETE ON tai_model_aliases
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tai_models_one_default();
"""
NO_ONE_DEFAULT = """
DROP TRIGGER tai_model_aliases_one_default ON tai_model_aliases;
DROP TRIGGER tai_models_one_default ON tai_models;
DROP FUNCTION tai_models_one_default();
"""
# As the writer, not as the owner: whoever cannot see a model cannot price it.
PRICES = f"""
CREATE FUNCTION tai_model_prices_place() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM tai_models m WHERE m.id = NEW.model_id AND m.deleted_at IS NULL
        AND (m.scope = 'platform' OR m.workspace_id = NEW.workspace_id)) THEN
        RAISE EXCEPTION 'the model % cannot be priced here', NEW.model_id
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'tai_model_prices_place';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER tai_model_prices_place BEFORE INSERT ON tai_model_prices
    FOR EACH ROW EXECUTE FUNCTION tai_model_prices_place();
CREATE FUNCTION tai_model_prices_due(only_model bigint) RETURNS integer {AS_OWNER} AS $$
DECLARE
    copied integer;
    {EYES}
BEGIN
    {OPEN}
    WITH due AS (
        SELECT DISTINCT ON (m.id) m.id, p.input_price, p.output_price, p.currency,
            p.input_price IS NOT NULL AND (m.kind <> 'chat' OR p.output_price IS NOT NULL) AS known
        FROM tai_models m JOIN tai_model_prices p ON p.model_id = m.id
            AND p.workspace_id IS NOT DISTINCT FROM m.workspace_id
        WHERE (only_model IS NULL OR m.id = only_model) AND m.deleted_at IS NULL
          AND p.effective_from <= clock_timestamp()
        ORDER BY m.id, p.effective_from DESC
    )
    UPDATE tai_models m SET input_price = due.input_price, output_price = due.output_price,
        currency = due.currency, price_known = due.known
    FROM due WHERE due.id = m.id
      AND (m.input_price, m.output_price, m.currency, m.price_known)
          IS DISTINCT FROM (due.input_price, due.output_price, due.currency, due.known);
    GET DIAGNOSTICS copied = ROW_COUNT;
    {SHUT}
    RETURN copied;
END $$;
CREATE FUNCTION tai_model_prices_copy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tai_model_prices_due(NEW.model_id);
    RETURN NULL;
END $$;
CREATE TRIGGER tai_model_prices_copy AFTER INSERT ON tai_model_prices
    FOR EACH ROW EXECUTE FUNCTION tai_model_prices_copy();
"""
NO_PRICES = """
DROP TRIGGER tai_model_prices_copy ON tai_model_prices;
DROP FUNCTION tai_model_prices_copy();
DROP FUNCTION tai_model_prices_due(bigint);
DROP TRIGGER tai_model_prices_place ON tai_model_prices;
DROP FUNCTION tai_model_prices_place();
"""


class Migration(migrations.Migration):
    dependencies = [("taishang", "0012_catalogue")]

    operations = [
        migrations.RunSQL(SIZES, NO_SIZES),
        TenantPolicy("tai_models", read=f"(scope = 'platform' OR {OURS})", write=OURS),
        TenantPolicy("tai_model_aliases", read=IN_WORKSPACE_OR_PLATFORM),
        TenantPolicy("tai_model_prices", read=IN_WORKSPACE_OR_PLATFORM),
        RowVersion("tai_models", "row_version"),
        Reaches(),
        ModelReference("tai_model_aliases", kind="NEW.kind"),
        migrations.RunSQL(GUARD, NO_GUARD),
        migrations.RunSQL(HISTORY, NO_HISTORY),
        migrations.RunSQL(FALLBACKS, NO_FALLBACKS),
        migrations.RunSQL(ONE_DEFAULT, NO_ONE_DEFAULT),
        migrations.RunSQL(PRICES, NO_PRICES),
    ]
