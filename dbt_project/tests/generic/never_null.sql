{#- Fails with each row that lacks one of `columns`. One test a model and not one a column: a build has to start each. -#}
{% test never_null(model, columns) %}
    select *
    from {{ model }}
    where num_nulls({{ columns | join(', ') }}) > 0
{% endtest %}
