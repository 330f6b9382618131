"""What the Grafana dashboards show: a panel is a title, what it tells, a unit and its queries."""

from __future__ import annotations

from typing import NamedTuple


class Query(NamedTuple):
    """PromQL and how its series are called."""

    expr: str
    legend: str


class Panel(NamedTuple):
    """One picture."""

    title: str
    tells: str
    unit: str
    queries: tuple[Query, ...]
    kind: str = "timeseries"


FLOOR = (
    Panel(
        "How customers sound",
        "Mean tone of customers' utterances, -1 to 1, by channel.",
        "none",
        (Query("2 * cxstream:customer_tone:mean5m - 1", "{{channel}}"),),
    ),
    Panel(
        "Risk",
        "Mean probability that a conversation ends badly, after each customer's utterance.",
        "percentunit",
        (Query("cxstream:conversation_risk:mean5m", "{{risk}}"),),
    ),
    Panel(
        "Conversations at high risk",
        "Share of customers' utterances after which one was annoyed with p > 0.5.",
        "percentunit",
        (
            Query(
                '1 - sum(rate(cxstream_conversation_risk_bucket{risk="annoyed",le="0.5"}[5m])) / '
                '(sum(rate(cxstream_conversation_risk_count{risk="annoyed"}[5m])) > 0)',
                "annoyed",
            ),
        ),
    ),
    Panel(
        "Escalations",
        "Handed to supervisors, by rule, in the last hour.",
        "short",
        (
            Query(
                'sum by (rule) (increase(cxstream_decisions_total{kind="escalation"}[1h]))',
                "{{rule}}",
            ),
        ),
        "bargauge",
    ),
    Panel(
        "Nudges",
        "Shown, withdrawn and answered, a minute.",
        "short",
        (
            Query('60 * sum(rate(cxstream_decisions_total{kind="nudge"}[5m]))', "shown"),
            Query(
                '60 * sum(rate(cxstream_decisions_total{kind="withdrawal"}[5m])) or vector(0)',
                "withdrawn",
            ),
            Query(
                "60 * sum by (kind) (rate(cxstream_outcomes_total[5m])) or vector(0)", "{{kind}}"
            ),
        ),
    ),
    Panel(
        "What became of nudges",
        "Accepted, dismissed, ignored, overridden, accepted but not acted on, in the last hour.",
        "short",
        (
            Query(
                "sum by (verdict) (increase(cxstream_lessons_total[1h])) or vector(0)",
                "{{verdict}}",
            ),
        ),
        "bargauge",
    ),
    Panel(
        "Who talks",
        "Median share of the agent's speech in conversations that ended.",
        "percentunit",
        (
            Query(
                "histogram_quantile(0.5, sum by (le) (increase(cxstream_agent_talk_share_bucket[1h])))",
                "agent",
            ),
        ),
    ),
    Panel(
        "Silence",
        "Median share of silence in spoken conversations that ended.",
        "percentunit",
        (
            Query(
                "histogram_quantile(0.5, sum by (le) (increase(cxstream_silence_share_bucket[1h])))",
                "silence",
            ),
        ),
    ),
    Panel(
        "Conversations",
        "Known here, and ended a minute.",
        "short",
        (
            Query('sum(cxstream_state_entries{table="conversations"})', "known"),
            Query(
                "60 * sum by (reason) (rate(cxstream_conversations_ended_total[5m]))",
                "ended: {{reason}}",
            ),
        ),
    ),
)

PIPELINE = (
    Panel(
        "Records read",
        "A second, by what became of them.",
        "reqps",
        (Query("sum by (outcome) (cxstream:fragments:rate1m)", "{{outcome}}"),),
    ),
    Panel(
        "From fragment to decision",
        "Until the decision is with Kafka and the state is safe.",
        "s",
        (
            Query("cxstream:decision_latency_seconds:p50", "p50"),
            Query("cxstream:decision_latency_seconds:p99", "p99"),
        ),
    ),
    Panel(
        "Lag",
        "Records not committed yet.",
        "short",
        (Query("cxstream:lag_records:sum", "{{topic}}"),),
    ),
    Panel(
        "Time a batch takes",
        "Mean, by stage.",
        "s",
        (Query("cxstream:stage_seconds:mean5m", "{{stage}}"),),
    ),
    Panel(
        "Batch size",
        "Mean, by stage: it grows with the load.",
        "short",
        (Query("cxstream:batch_records:mean5m", "{{stage}}"),),
    ),
    Panel(
        "Overload",
        "How long the oldest record in hand has waited, by topic, and the rung of the ladder (0 to 3).",
        "none",
        (
            Query("max by (topic) (cxstream_waiting_seconds) or vector(0)", "waits: {{topic}}"),
            Query("max(cxstream_overload_rung)", "rung"),
        ),
    ),
    Panel(
        "Let go of",
        "A second, under overload: partials passed over, texts answered by a lighter model than the "
        "transformer, decisions without their words, agents' texts not scored.",
        "short",
        (Query("sum by (what) (rate(cxstream_shed_total[1m])) or vector(0)", "{{what}}"),),
    ),
    Panel(
        "Degraded",
        "Share of texts that a lighter model answered because the right one was late or not asked.",
        "percentunit",
        (Query("cxstream:degraded:share5m", "degraded"),),
    ),
    Panel(
        "Errors",
        "Dead letters by reason, in the last hour.",
        "short",
        (
            Query(
                "sum by (reason) (increase(cxstream_dead_letters_total[1h])) or vector(0)",
                "{{reason}}",
            ),
        ),
        "bargauge",
    ),
    Panel(
        "Personal data masked",
        "A minute, by kind.",
        "short",
        (
            Query(
                "60 * sum by (kind) (rate(cxstream_redactions_total[5m])) or vector(0)", "{{kind}}"
            ),
        ),
    ),
    Panel(
        "State",
        "Keys held, by table.",
        "short",
        (Query("sum by (table) (cxstream_state_entries)", "{{table}}"),),
    ),
)

MODELS = (
    Panel(
        "Who answers",
        "Texts a second, by the model that answered.",
        "reqps",
        (
            Query(
                "sum by (step) (rate(cxstream_routed_texts_total[5m]))"
                " or sum(rate(cxstream_scored_texts_total[5m]))",
                "{{step}}",
            ),
        ),
    ),
    Panel(
        "Tone",
        "How many customers' utterances sound how.",
        "short",
        (Query("sum by (le) (increase(cxstream_customer_tone_bucket[1h]))", "{{le}}"),),
        "heatmap",
    ),
    Panel(
        "Drift",
        "Distance of scores and embeddings from those of training; over 0.25 something has changed.",
        "none",
        (Query("max by (signal) (cxstream_drift) or vector(0)", "{{signal}}"),),
    ),
    Panel(
        "Changes found",
        "By the detector, in the last day.",
        "short",
        (
            Query(
                "sum by (signal) (increase(cxstream_drift_detected_total[1d])) or vector(0)",
                "{{signal}}",
            ),
        ),
        "bargauge",
    ),
    Panel(
        "Risk, distribution",
        "How probable, after how many utterances.",
        "short",
        (Query("sum by (le) (increase(cxstream_conversation_risk_bucket[1h]))", "{{le}}"),),
        "heatmap",
    ),
    Panel(
        "Scoring",
        "Seconds of a forward pass, 95 of a hundred.",
        "s",
        (
            Query(
                'histogram_quantile(0.95, sum by (le) (rate(cxstream_stage_seconds_bucket{stage="score"}'
                "[5m])))",
                "p95",
            ),
        ),
    ),
)

BOARDS = {
    "floor": ("Floor", FLOOR),
    "pipeline": ("Pipeline", PIPELINE),
    "models": ("Models", MODELS),
}
