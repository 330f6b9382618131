"""Yesterday's stream through another playbook or model: what would have changed, for whom.

play      both versions hear the same records through the whole pipeline
compare   their decisions, matched by moment, rule and kind: gained, lost, said differently
words     the comparison in a terminal
page      the comparison as one HTML file that needs nothing else
"""
