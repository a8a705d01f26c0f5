/*
 * The other languages of the synthetic firehose. See gen_grammar.h for the notation.
 *
 *   XX_chat   about life      XX_brand  about a brand
 *   XX_hit    with {TROUBLE}  XX_more   a further sentence      XX_detail  where and when, at the
 * end XX_trouble  what {TROUBLE} stands for: the terms of every brand's "intl" rule
 *
 * A trouble word stands nowhere else in these tables; in Korean a space follows {BRAND} (Hangul
 * would join the name to one word); words that rules look for are never capitalised.
 */
#include "gen_grammar.h"

const struct gen_slot_source gen_languages[] = {
    /* Spanish */
    {"es_trouble", "no funciona|sin señal|sin conexión|se cayó|caída general|cobro doble"},
    {"es_when", "otra vez|desde ayer|hoy|esta mañana|esta noche|desde el {es_day}|hace {NUM} "
                "horas|todo el día"},
    {"es_day", "lunes|martes|miércoles|jueves|viernes|sábado|domingo"},
    {"es_city",
     "Madrid|Bogotá|Lima|Sevilla|Monterrey|Quito|Valencia|Rosario|Guadalajara|Málaga|Cali|Granada|"
     "Bilbao|Cusco|Puebla|Medellín|Zaragoza|Mendoza|Caracas|Vigo|Cádiz|La Paz|Tijuana|Murcia"},
    {"es_food", "tortilla|empanadas|paella|churros|arepas|ceviche|croquetas|gazpacho|pupusas|"
                "fabada|lentejas|pan con tomate|tamales|asado|mole|flan"},
    {"es_detail", "{es_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {es_city}|{es_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{es_city}, {NUM}:{NUM}]"},
    {"es_chat",
     "hoy comimos {es_food} en {es_city}|¿alguien sabe a qué hora empieza el partido el {es_day}?|"
     "qué bonito está {es_city} {es_when}|me encanta la {es_food} de mi abuela|mañana viajo a "
     "{es_city} 🎉|"
     "{NUM} kilómetros corriendo {es_when}, no puedo más|por fin es {es_day}|feliz cumpleaños a mi "
     "hermana|"
     "el concierto en {es_city} fue increíble|¿por qué hace tanto frío en {es_city}?"
     "|{NUM} fotos del viaje a {es_city} {es_when}"
     "|el {es_day} cocino {es_food} para {NUM} personas"
     "|de {es_city} a {es_city} en tren, {NUM} horas"
     "|{es_food} o {es_food}, esa es la cuestión"
     "|mi tía de {es_city} trajo {es_food} {es_when}"
     "|a las {CLOCK} en la plaza de {es_city}"},
    {"es_brand",
     "acabo de ver un anuncio de {BRAND} en {es_city}|{BRAND} abre tienda en {es_city} el {es_day}|"
     "gracias {BRAND} por la atención {es_when}|¿alguien ha probado {BRAND}?|mi {PRODUCT} llegó "
     "{es_when}"},
    {"es_hit",
     "{BRAND} {TROUBLE} {es_when}|¿a alguien más le pasa con {BRAND}? {TROUBLE} en {es_city}|"
     "{TROUBLE} {es_when}, {BRAND}, ¿qué pasa?|{BRAND}: {TROUBLE} y nadie contesta"},
    {"es_more", "qué vergüenza|gracias de antemano|llevo {NUM} llamadas|ya no sé qué "
                "hacer|jajaja|así no se puede|un abrazo"},

    /* French */
    {"fr_trouble", "ne marche pas|panne générale|plus de réseau|hors service|prélevé deux fois"},
    {"fr_when",
     "encore|depuis hier|ce matin|ce soir|depuis {fr_day}|depuis {NUM} heures|toute la journée"},
    {"fr_day", "lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"},
    {"fr_city",
     "Lyon|Paris|Nantes|Lille|Montréal|Bruxelles|Genève|Bordeaux|Toulouse|Dakar|Marseille|"
     "Strasbourg|Rennes|Québec|Namur|Lausanne|Dijon|Brest|Abidjan|Annecy|Nice|Reims|Metz"},
    {"fr_detail", "{fr_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {fr_city}|{fr_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{fr_city}, {NUM}:{NUM}]"},
    {"fr_chat",
     "croissants et café à {fr_city} {fr_when}|qui regarde le match {fr_day} ?|il pleut sur "
     "{fr_city} {fr_when}|"
     "{NUM} km de vélo ce matin, je suis mort|bon anniversaire à ma sœur|la lumière à {fr_city} "
     "était magnifique|"
     "enfin {fr_day} !|je cherche un bon livre pour {fr_day}|le concert à {fr_city}, quel moment"
     "|de {fr_city} à {fr_city} en train, {NUM} heures"
     "|{NUM} photos de {fr_city} {fr_when}"
     "|rendez-vous à {CLOCK} à {fr_city} {fr_day}"
     "|ma tante de {fr_city} arrive {fr_day}"
     "|le marché de {fr_city} était plein {fr_when}"
     "|{NUM} pages lues {fr_when}"},
    {"fr_brand", "{BRAND} ouvre à {fr_city} {fr_day}|vu une pub {BRAND} à {fr_city}|merci {BRAND} "
                 "pour votre aide {fr_when}|"
                 "quelqu'un connaît {BRAND} ?|mon {PRODUCT} est arrivé {fr_when}"},
    {"fr_hit", "{BRAND} {TROUBLE} {fr_when}|{TROUBLE} chez {BRAND} {fr_when}, c'est normal ?|"
               "bonjour {BRAND}, {TROUBLE} à {fr_city}|{TROUBLE}, {BRAND}, {NUM} appels et rien"},
    {"fr_more", "c'est honteux|merci d'avance|je n'en peux plus|personne ne répond|mdr|bonne "
                "journée|quelle histoire"},

    /* German */
    {"de_trouble", "geht nicht|kein netz|keine verbindung|funktioniert nicht|doppelt abgebucht"},
    {"de_when",
     "schon wieder|seit gestern|heute|heute früh|seit {de_day}|seit {NUM} Stunden|den ganzen Tag"},
    {"de_day", "Montag|Dienstag|Mittwoch|Donnerstag|Freitag|Samstag|Sonntag"},
    {"de_city", "Berlin|Köln|Wien|Zürich|Leipzig|München|Graz|Hamburg|Dresden|Bern|Frankfurt|"
                "Bremen|Kiel|Linz|Basel|Erfurt|Essen|Bonn|Mainz|Rostock|Salzburg|Ulm|Trier"},
    {"de_detail", "{de_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {de_city}|{de_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{de_city}, {NUM}:{NUM}]"},
    {"de_chat",
     "Kaffee und Kuchen in {de_city} {de_when}|wer schaut {de_day} das Spiel?|Regen über {de_city} "
     "{de_when}|"
     "{NUM} km gelaufen, jetzt Sofa|endlich {de_day}|alles Gute zum Geburtstag, liebe Oma|"
     "das Konzert in {de_city} war großartig|kennt jemand ein gutes Buch über Bienen?|der Zug nach "
     "{de_city} ist voll"
     "|von {de_city} nach {de_city} mit dem Rad, {NUM} km"
     "|{NUM} Fotos aus {de_city} {de_when}"
     "|um {CLOCK} am Bahnhof in {de_city}"
     "|meine Tante aus {de_city} kommt am {de_day}"
     "|der Markt in {de_city} war voll {de_when}"
     "|{NUM} Seiten gelesen {de_when}"},
    {"de_brand", "{BRAND} eröffnet am {de_day} in {de_city}|Werbung von {BRAND} in {de_city} "
                 "gesehen|danke {BRAND} für die Hilfe {de_when}|"
                 "hat jemand Erfahrung mit {BRAND}?|mein {PRODUCT} ist {de_when} angekommen"},
    {"de_hit", "{BRAND} {TROUBLE} {de_when}|hallo {BRAND}, {TROUBLE} in {de_city}|{TROUBLE} bei "
               "{BRAND} {de_when}, noch jemand?|"
               "{TROUBLE}, {BRAND}, und {NUM} Anrufe umsonst"},
    {"de_more", "so nervt das|danke im Voraus|keiner meldet sich|was für ein Tag|haha|schöne "
                "Grüße|ich warte immer noch"},

    /* Russian */
    {"ru_trouble", "не работает|нет связи|нет сигнала|списали дважды|не открывается"},
    {"ru_when", "опять|со вчерашнего дня|сегодня|с самого утра|весь день|уже {NUM} часа"},
    {"ru_city", "Москве|Казани|Риге|Самаре|Алматы|Минске|Твери|Омске|Перми|Уфе|Сочи|Томске|Калуге|"
                "Ереване|Тбилиси|Иркутске|Мурманске|Туле"},
    {"ru_detail", "{ru_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {ru_city}|{ru_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{ru_city}, {NUM}:{NUM}]"},
    {"ru_chat",
     "сегодня гуляли в парке, очень красиво|кто смотрит матч вечером?|в {ru_city} снова снег|"
     "кофе, книга и кот, что ещё нужно|с днём рождения, сестрёнка|наконец выходные|"
     "прошли {NUM} километров пешком|какой фильм посоветуете на вечер?|в {ru_city} открыли новый "
     "мост"
     "|{NUM} фотографий из поездки, была в {ru_city}"
     "|встречаемся в {CLOCK} в {ru_city}|прочитал {NUM} страниц {ru_when}"
     "|в {ru_city} тепло, а в {ru_city} снег"
     "|тётя живёт в {ru_city} уже {NUM} лет"},
    {"ru_brand",
     "{BRAND} открылся в {ru_city}|видел рекламу {BRAND} в метро|спасибо {BRAND} за помощь|"
     "кто пользуется {BRAND}, как вам?|мой {PRODUCT} приехал сегодня"},
    {"ru_hit", "{BRAND} {TROUBLE} {ru_when}|у {BRAND} {TROUBLE} в {ru_city}|{TROUBLE} {ru_when}, "
               "{BRAND}, что происходит?|"
               "{BRAND}: {TROUBLE}, а поддержка молчит"},
    {"ru_more",
     "сколько можно|заранее спасибо|никто не отвечает|просто ужас|ахаха|жду ответа|всем добра"},

    /* Arabic */
    {"ar_trouble", "لا يعمل|انقطاع الخدمة|بدون شبكة|لا يفتح|خصم مرتين"},
    {"ar_when", "اليوم|منذ الصباح|منذ أمس|مرة أخرى|طوال النهار"},
    {"ar_city", "الرياض|القاهرة|دبي|عمان|بيروت|جدة|تونس|الدوحة|مسقط|طنجة|الإسكندرية|الكويت|مراكش|"
                "بغداد|وهران|صنعاء|أبوظبي"},
    {"ar_detail", "{ar_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {ar_city}|{ar_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{ar_city}, {NUM}:{NUM}]"},
    {"ar_chat",
     "صباح الخير من {ar_city}|من يشاهد المباراة الليلة؟|الجو جميل في {ar_city} {ar_when}|"
     "قهوة وكتاب وهدوء|كل عام وأنتم بخير|مشينا {NUM} كيلومتر {ar_when}|أبحث عن مطعم جيد في "
     "{ar_city}|"
     "الحمد لله على كل حال"
     "|{NUM} صورة من {ar_city} {ar_when}|موعدنا الساعة {CLOCK} في {ar_city}"
     "|من {ar_city} إلى {ar_city} بالقطار|قرأت {NUM} صفحة {ar_when}"
     "|السوق في {ar_city} مزدحم {ar_when}"},
    {"ar_brand", "شاهدت إعلان {BRAND} في {ar_city}|شكرا {BRAND} على المساعدة|هل جرب أحد {BRAND} من "
                 "قبل؟|وصل {PRODUCT} الجديد {ar_when}"},
    {"ar_hit", "{BRAND} {TROUBLE} {ar_when}|{TROUBLE} عند {BRAND} في {ar_city}|يا {BRAND} ، "
               "{TROUBLE} {ar_when} ولا أحد يرد|"
               "{TROUBLE} {ar_when} ، {BRAND} ما الحل؟"},
    {"ar_more", "شكرا مقدما|أنتظر الرد|تعبت من هذا الوضع|ههههه|والله حرام|تحياتي للجميع"},

    /* Japanese */
    {"ja_trouble", "つながらない|通信障害|圏外になる|ログインできない|二重に請求"},
    {"ja_when", "また|今朝から|昨日から|さっきから|{NUM}時間前から|今日も|ずっと"},
    {"ja_city", "渋谷|大阪|札幌|福岡|名古屋|京都|横浜|仙台|神戸|広島|金沢|那覇|新潟|長野|静岡|高松|"
                "熊本|浅草|池袋|鎌倉"},
    {"ja_detail", "{ja_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {ja_city}|{ja_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{ja_city}, {NUM}:{NUM}]"},
    {"ja_chat",
     "{ja_city}でラーメン食べた|今日の夕焼けがきれいすぎる|猫が机の上で寝ている|明日は{ja_city}"
     "に行きます|"
     "{NUM}キロ走った、疲れた|誰か一緒に映画を見に行きませんか？|コーヒーがおいしい季節になった|"
     "お誕生日おめでとう！|{ja_city}は雨、傘を忘れた|推しの新曲が最高"
     "|{ja_city}から{ja_city}まで電車で{NUM}時間|{CLOCK}に{ja_city}で待ち合わせ"
     "|{NUM}ページ読んだ、面白い|{ja_city}の市場は人が多い|写真を{NUM}枚撮った、{ja_city}にて"},
    {"ja_brand", "{BRAND}の広告を{ja_city}で見た|{BRAND}ありがとう、助かりました|{BRAND}"
                 "って使ったことある人いますか？|"
                 "新しい{PRODUCT}が届いた|{ja_city}に{BRAND}のお店ができるらしい"},
    {"ja_hit", "{BRAND}が{ja_when}{TROUBLE}んだけど|{ja_when}{BRAND}、{TROUBLE}、困る|{TROUBLE}、{"
               "BRAND}さん、{ja_city}です|"
               "{BRAND}で{TROUBLE}の人いますか？"},
    {"ja_more", "もう無理|助けてください|よろしくお願いします|笑|なんでだろう|みんなは大丈夫？|"
                "おやすみなさい"},

    /* Chinese */
    {"zh_trouble", "没有信号|网络故障|打不开|连不上|重复扣款"},
    {"zh_when", "又|从昨天开始|今天早上|一整天|已经{NUM}个小时"},
    {"zh_city", "上海|台北|成都|深圳|北京|香港|杭州|新加坡|广州|南京|西安|武汉|高雄|厦门|苏州|澳门|"
                "重庆|青岛|长沙|昆明"},
    {"zh_detail", "{zh_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {zh_city}|{zh_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{zh_city}, {NUM}:{NUM}]"},
    {"zh_chat",
     "今天在{zh_city}吃火锅|周末去{zh_city}看展览|猫咪睡在键盘旁边|谁一起看今晚的比赛？|"
     "跑了{NUM}公里，累坏了|生日快乐！|下雨天最适合喝茶看书|{zh_city}的晚霞真美|终于放假了"
     "|从{zh_city}到{zh_city}坐火车{NUM}小时|{CLOCK}在{zh_city}见|今天读了{NUM}页书"
     "|{zh_city}的市场人真多|在{zh_city}拍了{NUM}张照片"},
    {"zh_brand", "在{zh_city}看到{BRAND}的广告|谢谢{BRAND}的帮助|有人用过{BRAND}吗？|新的{PRODUCT}"
                 "今天到了|{BRAND}要在{zh_city}开店"},
    {"zh_hit", "{BRAND}{zh_when}{TROUBLE}了|{TROUBLE}，{BRAND}，{zh_city}这里也是|请问{BRAND}，{"
               "TROUBLE}怎么办？|"
               "{BRAND}客服没人理，{TROUBLE}{NUM}天"},
    {"zh_more", "真的很生气|先谢谢了|有人一样吗？|哈哈哈|求解决|太难了|大家晚安"},

    /* Korean */
    {"ko_trouble", "먹통이에요|접속이 안돼요|신호가 없어요|이중 결제|연결 안됨"},
    {"ko_when", "또|아침부터|어제부터|지금|하루 종일|{NUM}시간째"},
    {"ko_city", "서울|부산|대구|제주|인천|광주|대전|울산|강릉|전주|수원|여수|속초|경주"},
    {"ko_detail", "{ko_city}, {CLOCK}|({CLOCK})|{NUM}/{NUM}, {ko_city}|{ko_city} {CLOCK}|{NUM} "
                  "{NUM} {NUM}|[{ko_city}, {NUM}:{NUM}]"},
    {"ko_chat",
     "오늘 {ko_city} 날씨 정말 좋네요|고양이가 의자에서 자고 있어요|주말에 {ko_city} 갑니다|"
     "{NUM}킬로 뛰었더니 힘들다|오늘 경기 같이 볼 사람?|생일 축하해!|커피 한 잔과 책|드디어 금요일"
     "|{ko_city} 에서 {ko_city} 까지 기차로 {NUM}시간|{CLOCK} 에 {ko_city} 에서 만나요"
     "|오늘 {NUM}쪽 읽었다|{ko_city} 시장에 사람이 많네|사진 {NUM}장 찍었다 {ko_city} 에서"},
    {"ko_brand", "{BRAND} 광고를 {ko_city} 에서 봤어요|고마워요 {BRAND} 덕분에 해결|{BRAND} 써보신 "
                 "분 계세요?|새 {PRODUCT} 도착"},
    {"ko_hit", "{BRAND} {ko_when} {TROUBLE}|{TROUBLE} {BRAND} {ko_city} 입니다|{BRAND} 님, "
               "{TROUBLE} 저만 그런가요?|"
               "{ko_when} {TROUBLE} {BRAND} 고객센터 답이 없네요"},
    {"ko_more",
     "너무 화나요|미리 감사합니다|저만 그런가요|ㅋㅋㅋ|빨리 부탁드려요|좋은 하루 되세요"},
};
const size_t gen_languages_count = sizeof gen_languages / sizeof *gen_languages;
