{{ record_indicator('9', results=ref('restricted_indicator_result')) }}
