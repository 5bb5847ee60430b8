{{ record_indicator('4', results=ref('restricted_indicator_result')) }}
