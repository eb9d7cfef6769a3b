CREATE SCHEMA shop;
CREATE TABLE shop.countries(code VARCHAR, name VARCHAR, continent VARCHAR);
INSERT INTO shop.countries VALUES ('FR', 'France', 'Europe'), ('DE', 'Germany', 'Europe'), ('US', 'States', 'America');
CREATE TABLE shop.customers(id INTEGER, name VARCHAR, country_code VARCHAR, joined_on DATE);
INSERT INTO shop.customers VALUES (1, 'Ada', 'FR', '2024-01-01'), (2, 'Bob', 'DE', '2024-01-15'),
  (3, 'Cid', 'US', '2024-02-01'), (4, 'Dan', NULL, '2024-02-20'), (5, 'Eve', 'XX', NULL);
CREATE TABLE shop.orders(id INTEGER, customer_id INTEGER, placed_at TIMESTAMP, status VARCHAR, channel VARCHAR,
  amount INTEGER, cost INTEGER, ship_to VARCHAR, bill_to VARCHAR);
INSERT INTO shop.orders VALUES
  (1, 1, '2024-01-05 09:30:00', 'paid', 'web', 10, 4, 'FR', 'FR'),
  (2, 1, '2024-01-31 23:30:00', 'paid', 'web', 20, 9, 'DE', 'FR'),
  (3, 2, '2024-02-01 00:10:00', 'open', 'shop', 30, 11, 'DE', 'DE'),
  (4, 2, '2024-02-14 12:00:00', 'paid', 'shop', 40, 20, 'US', 'DE'),
  (5, 3, '2024-02-29 18:45:00', 'void', 'web', 50, 25, 'US', 'US'),
  (6, 9, '2024-03-03 07:00:00', 'paid', 'web', 60, 31, 'FR', NULL),
  (7, NULL, '2024-03-31 01:30:00', 'open', NULL, 70, 40, NULL, 'FR'),
  (8, 4, '2024-03-31 22:30:00', 'paid', 'shop', NULL, 1, 'DE', 'XX'),
  (9, 1, '2024-04-01 00:30:00', 'paid', 'web', 90, 50, 'FR', 'FR');
CREATE TABLE shop.lines(order_id INTEGER, line_no INTEGER, sku VARCHAR, depot INTEGER, quantity INTEGER, price INTEGER);
INSERT INTO shop.lines VALUES (1, 1, 'a', 1, 2, 3), (1, 2, 'b', 1, 1, 4), (2, 1, 'a', 2, 5, 4), (3, 1, 'b', 2, 3, 10),
  (4, 1, 'a', 1, 8, 5), (6, 1, 'c', 1, 6, 10), (7, 1, NULL, 1, 7, 10), (9, 1, 'a', 9, 9, 10), (77, 1, 'b', 1, 1, 1);
CREATE TABLE shop.stock(sku VARCHAR, depot INTEGER, shelf VARCHAR, on_hand INTEGER);
INSERT INTO shop.stock VALUES ('a', 1, 'low', 5), ('a', 2, 'high', 7), ('b', 1, 'low', 11), ('b', 2, 'high', 13);
CREATE TABLE shop.parcels(id INTEGER, order_id INTEGER, line_no INTEGER, sent_on DATE, weight INTEGER);
INSERT INTO shop.parcels VALUES (1, 1, 1, '2024-01-06', 5), (2, 1, 1, '2024-01-07', 6), (3, 2, 1, '2024-02-02', 7),
  (4, 9, 1, '2024-04-02', 8), (5, 9, 9, '2024-04-03', 9), (6, NULL, 1, '2024-04-04', 10);
CREATE TABLE shop.visits(id INTEGER, customer_id INTEGER, visited_at TIMESTAMP, page VARCHAR);
INSERT INTO shop.visits VALUES (1, 1, '2024-01-04 10:00:00', 'home'), (2, 1, '2024-01-30 10:00:00', 'deal'),
  (3, 2, '2024-01-20 10:00:00', 'home'), (4, 3, '2024-02-10 10:00:00', 'deal'), (5, NULL, '2024-02-11 10:00:00', 'home'),
  (6, 2, '2024-02-13 10:00:00', 'deal'), (7, 4, '2024-03-31 20:00:00', 'home');
CREATE TABLE shop.balances(account INTEGER, day DATE, amount INTEGER);
INSERT INTO shop.balances VALUES (1, '2024-01-01', 100), (1, '2024-01-31', 150), (1, '2024-02-15', 90),
  (2, '2024-01-10', 10), (2, '2024-02-15', 40);
CREATE TABLE shop.days AS SELECT unnest(range(DATE '2024-01-01', DATE '2024-05-01', INTERVAL 1 DAY))::DATE AS day,
  date_trunc('month', day)::DATE AS period;
