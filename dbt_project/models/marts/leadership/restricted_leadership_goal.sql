{{ leadership_goal(ref('restricted_indicator_result'), ref('restricted_retention'), published=false) }}
