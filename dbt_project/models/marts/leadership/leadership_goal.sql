{{ leadership_goal(ref('indicator_result'), ref('retention'), published=true) }}
