"""What is learnt of decisions: how they are logged, what they earned, and whether a new policy is better.

    rewards     outcomes of a decision, joined within a window of event time, to one lesson
    propensity  lessons to the probability that an action succeeds in a context, and how sure that is
    exploring   probabilities to a choice, with the chance that each candidate had
    estimators  logged choices to what another policy would have earned, with its interval
    gate        may the new policy take over?
    holdout     which customers are the control group of the month

Knows no engine and no clock; what is random is seeded by the id of the decision, so a replay gives the same.
"""
