\set key random(1, 9223372036854775807)
BEGIN;
SELECT id FROM orders WHERE idempotency_key = :key;
INSERT INTO orders (idempotency_key, request) VALUES (:key, :request);
COMMIT;
