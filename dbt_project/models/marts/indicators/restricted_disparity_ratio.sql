{{ record_indicator('DR', results=ref('restricted_indicator_result')) }}
