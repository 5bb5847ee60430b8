{{ record_indicator('2', results=ref('restricted_indicator_result')) }}
