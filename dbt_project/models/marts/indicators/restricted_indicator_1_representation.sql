{{ record_indicator('1', results=ref('restricted_indicator_result')) }}
